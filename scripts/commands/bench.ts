import { describeUri, didYouMean } from '../../src/internal.ts'
import { CASES, type CaseName, DEFAULT_CASES, comparisonsOf } from '../bench/cases.ts'
import { type RunOptions, runComparison } from '../bench/comparison-run.ts'
import type { BenchOptions } from '../bench/comparison.ts'
import { type Report, renderReport, report } from '../bench/report.ts'
import { startServer } from '../bench/server.ts'
import {
  type Command,
  Exit,
  UsageError,
  jsonOption,
  textOption,
  wholeNumber,
} from '../context/command.ts'

export const benchCommand: Command<
  BenchOptions & { cases: CaseName[] | undefined; delay: number; json: boolean }
> = {
  examples: [
    ['bench', 'all cases'],
    ['bench --cases transfer,replay --rounds 3', 'two of them'],
  ],
  unused: ['folder', 'ledger'],
  builder: (yargs) =>
    yargs
      .option('cases', {
        ...textOption(
          `the cases to run, from ${CASES.join(', ')} [default: ${DEFAULT_CASES.join(', ')}]`,
        ),
        coerce: readCases,
      })
      .options({
        accounts: wholeNumber('accounts', {
          least: 3,
          describe: 'the number of accounts in each database',
          default: 1_000,
        }),
        callers: wholeNumber('callers', {
          least: 1,
          describe: 'the number of concurrent callers in the cases concurrent and hot',
          default: 256,
        }),
        transfers: wholeNumber('transfers', {
          least: 1,
          describe: 'the number of transfers in a round [default: depends on the case]',
        }),
        seconds: wholeNumber('seconds', {
          least: 1,
          describe: 'the longest that callers take in a round',
          default: 6,
        }),
        rounds: wholeNumber('rounds', {
          least: 1,
          describe: 'the number of rounds, an odd number; slow cases run at most 3',
          default: 5,
        }),
        lines: wholeNumber('lines', {
          least: 1,
          describe: 'the number of lines in a replayed file',
          default: 100_000,
        }),
        history: wholeNumber('history', {
          least: 0,
          describe: 'the number of earlier transfers in the case history',
          default: 1_000_000,
        }),
        delay: wholeNumber('delay', {
          least: 0,
          describe: 'the milliseconds by which a proxy delays each reply of the server',
          default: 0,
        }),
      })
      .option('json', jsonOption)
      .check(({ rounds, delay, uri }) => {
        if (rounds % 2 === 0) throw new UsageError(`--rounds ${rounds}: expected an odd number`)
        if (delay > 0 && uri !== undefined) {
          throw new UsageError(
            '--delay cannot be combined with --uri: it delays a server that bench starts',
          )
        }
        return true
      }),
  async run(options, context) {
    const { signal, log } = context
    const server = await startServer(options, log)
    try {
      const { uri } = server
      log(`server: ${describeUri(uri)}`)
      const result = await bench(options.cases ?? DEFAULT_CASES, options, {
        ...options,
        uri,
        signal,
        log,
      })
      context.print(options.json ? JSON.stringify(result) : renderReport(result))
      return Exit.done
    } catch (error) {
      if (signal.aborted) return Exit.interrupted
      throw error
    } finally {
      await server.close()
    }
  },
}

export async function bench(
  cases: readonly CaseName[],
  options: BenchOptions,
  run: RunOptions,
): Promise<Report> {
  const all: Report = { measurements: [], figures: [] }
  for (const name of cases) {
    for (const comparison of comparisonsOf[name](options)) {
      const results = await runComparison(comparison, run)
      const { measurements, figures } = report(name, results, comparison.figures(results))
      all.measurements.push(...measurements)
      all.figures.push(...figures)
    }
  }
  return all
}

function readCases(text: string): CaseName[] {
  const names = text.split(',').filter((name) => name !== '')
  return names.map((name) => {
    const known = CASES.find((candidate) => candidate === name)
    if (!known)
      throw new UsageError(
        `--cases ${name}: expected one or more of ${CASES.join(',')}${didYouMean(name, CASES)}`,
      )
    return known
  })
}
