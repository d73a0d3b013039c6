import { randomInt } from 'node:crypto'
import { didYouMean } from '../../src/internal.ts'
import { type Command, Exit, UsageError, wholeNumber } from '../context/command.ts'
import { isSound, renderSoak } from '../soak/report.ts'
import { FAULT_KINDS, type FaultKind } from '../soak/schedule.ts'
import { soak } from '../soak/soak.ts'

interface Options {
  minutes: number
  seed: number | undefined
  clients: number
  workers: number
  faults: FaultKind[] | undefined
}

export const soakCommand: Command<Options> = {
  examples: [
    ['soak --minutes 10', 'with a seed of its own'],
    ['soak --minutes 10 --seed 7', 'the same faults again'],
  ],
  unused: ['uri', 'folder', 'ledger'],
  builder: (yargs) =>
    yargs
      .option('minutes', {
        ...wholeNumber('minutes', { least: 1, describe: 'how long clients and faults go on' }),
        default: 10,
      })
      .option(
        'seed',
        wholeNumber('seed', {
          least: 0,
          describe: 'equal seeds make equal schedules of faults [default: random]',
        }),
      )
      .option('clients', {
        ...wholeNumber('clients', { least: 1, describe: 'the number of client processes' }),
        default: 4,
      })
      .option('workers', {
        ...wholeNumber('workers', { least: 1, describe: 'the number of callers in each client' }),
        default: 6,
      })
      .option('faults', {
        describe: `the kinds of faults, from ${FAULT_KINDS.join(', ')} [default: all]`,
        type: 'string',
        requiresArg: true,
        coerce: readKinds,
      }),
  async run(options, context) {
    const { signal, log } = context
    const seed = options.seed ?? randomInt(2 ** 32)
    log(`soak of ${options.minutes} min, seed ${seed}`)
    const kinds = options.faults ?? FAULT_KINDS
    const report = await soak({ ...options, seed, kinds, think: 40, signal, log })
    context.print(renderSoak(report))
    return isSound(report) ? Exit.done : Exit.failure
  },
}

function readKinds(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const known = FAULT_KINDS.find((kind) => kind === name)
    if (known) return known
    throw new UsageError(
      `--faults ${name}: expected one or more of ${FAULT_KINDS.join(',')}${didYouMean(name, FAULT_KINDS)}`,
    )
  })
}
