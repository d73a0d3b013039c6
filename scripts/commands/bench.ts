import { describeUri } from '../../src/internal.ts'
import { CASES, type Case, DEFAULT_CASES, contestsOf } from '../bench/cases.ts'
import type { BenchOptions } from '../bench/contest.ts'
import { type Report, renderReport, report } from '../bench/report.ts'
import { type RunOptions, runContest } from '../bench/running.ts'
import { startServer } from '../bench/server.ts'
import { type Command, Exit, UsageError, wholeNumber, jsonOption } from '../context/command.ts'

export const benchCommand: Command<BenchOptions & { cases: Case[] | undefined; json: boolean }> = {
  command: 'bench',
  describe: 'measure Daybook beside others on one server, and prove each result',
  builder: (yargs) =>
    yargs
      .option('cases', {
        describe: `which of ${CASES.join(',')} [default: all but replay-large]`,
        type: 'string',
        requiresArg: true,
        coerce: readCases,
      })
      .option('accounts', {
        ...wholeNumber('accounts', { least: 3, describe: 'in each database' }),
        default: 1_000,
      })
      .option('callers', {
        ...wholeNumber('callers', { least: 1, describe: 'at a time, in concurrent and hot' }),
        default: 256,
      })
      .option(
        'transfers',
        wholeNumber('transfers', { least: 1, describe: 'a round [default: each case its own]' }),
      )
      .option('seconds', {
        ...wholeNumber('seconds', { least: 1, describe: 'the most that callers go on in a round' }),
        default: 6,
      })
      .option('rounds', {
        ...wholeNumber('rounds', { least: 1, describe: 'an odd number; slow cases do at most 3' }),
        default: 5,
      })
      .option('lines', {
        ...wholeNumber('lines', { least: 1, describe: 'of a replayed file' }),
        default: 100_000,
      })
      .option('history', {
        ...wholeNumber('history', { least: 0, describe: 'earlier transfers, in history' }),
        default: 1_000_000,
      })
      .option('json', jsonOption)
      .check(({ rounds }) => {
        if (rounds % 2 === 0) throw new UsageError(`--rounds ${rounds}: expected an odd number`)
        return true
      }),
  async run(options, context) {
    const { signal, log } = context
    const server = await startServer(options.uri, log)
    try {
      const { uri } = server
      log(`server: ${describeUri(uri)}`)
      const found = await bench(options.cases ?? DEFAULT_CASES, options, {
        ...options,
        uri,
        signal,
        log,
      })
      context.print(options.json ? JSON.stringify(found) : renderReport(found))
      return Exit.done
    } catch (error) {
      if (signal.aborted) return Exit.interrupted
      throw error
    } finally {
      await server.close()
    }
  },
}

/** Runs cases one after another, each by itself on the same server. */
export async function bench(
  cases: readonly Case[],
  options: BenchOptions,
  run: RunOptions,
): Promise<Report> {
  const found: Report = { measurements: [], figures: [] }
  for (const name of cases) {
    for (const contest of contestsOf[name](options)) {
      const results = await runContest(contest, run)
      const { measurements, figures } = report(name, results, contest.figures(results))
      found.measurements.push(...measurements)
      found.figures.push(...figures)
    }
  }
  return found
}

function readCases(text: string): Case[] {
  const names = text.split(',').filter((name) => name !== '')
  return names.map((name) => {
    const known = CASES.find((candidate) => candidate === name)
    if (!known) throw new UsageError(`--cases ${name}: expected some of ${CASES.join(', ')}`)
    return known
  })
}
