import type { MigrationOptions, MigrationRange } from '../../../src/index.ts'
import {
  type ActionOptions,
  checkActionOptions,
  hideOtherActions,
} from '../../context/action-options.ts'
import {
  type Command,
  type Context,
  UsageError,
  dryRunOption,
  flagOption,
  jsonOption,
  fileOption,
  textOption,
  wholeNumber,
} from '../../context/command.ts'
import { PROJECT_FOLDER, migrationFolders } from '../../context/own-migrations.ts'

const RUN_OPTIONS = ['to', 'step', 'lock-wait', 'dry-run', 'currency', 'skip-unadoptable']
const ACTIONS = {
  up: { optional: RUN_OPTIONS },
  down: { optional: [...RUN_OPTIONS, 'force'] },
  redo: { optional: ['lock-wait', 'currency', 'skip-unadoptable', 'force'] },
  status: { optional: ['check'] },
  create: {},
  mark: { optional: ['applied', 'pending', 'lock-wait'] },
  unlock: { optional: ['force'] },
} satisfies Record<string, ActionOptions>

/** The options of `daybook migrate` as yargs returns them. */
export interface MigrateOptions {
  action: keyof typeof ACTIONS
  name: string | undefined
  migrations: string | undefined
  to: string | undefined
  step: number | undefined
  applied: boolean
  pending: boolean
  currency: string | undefined
  'skip-unadoptable': boolean
  'lock-wait': number | undefined
  check: boolean
  force: boolean
  'dry-run': boolean
  json: boolean
}

export const migrateBuilder: Command<MigrateOptions>['builder'] = (yargs, parameters) =>
  hideOtherActions(
    yargs
      .positional('action', {
        describe:
          'up: apply pending migrations; down: revert applied ones; redo: revert the last one and apply it again; status: list them; create: write the file of a new one; mark: record one as applied or pending without running it; unlock: break a lock that is left',
        choices: Object.keys(ACTIONS) as (keyof typeof ACTIONS)[],
        demandOption: true,
      })
      .positional('name', {
        describe: 'with create and mark: the name of the migration',
        type: 'string',
      })
      .option(
        'migrations',
        fileOption(`the folder of your own migrations [default: ${PROJECT_FOLDER}, if it exists]`),
      )
      .option(
        'to',
        textOption('up: the last migration to apply; down: the last one to revert, or 0 for all'),
      )
      .option(
        'step',
        wholeNumber('step', {
          least: 1,
          describe: 'how many migrations [default: up all, down 1]',
        }),
      )
      .option('applied', flagOption('with mark: record the migration as applied'))
      .option('pending', flagOption('with mark: record the migration as pending'))
      .option(
        'currency',
        textOption('the currency of the accounts of a notebook that is adopted [default: USD]'),
      )
      .option(
        'skip-unadoptable',
        flagOption('leave behind the documents of a notebook that cannot be adopted'),
      )
      .option(
        'lock-wait',
        wholeNumber('lock-wait', {
          least: 0,
          most: 86_400,
          describe: 'how long to wait while another process migrates, in seconds [default: 30]',
        }),
      )
      .option(
        'check',
        flagOption(
          'with status: exit 2 if a migration is pending, 4 if one is changed, failed or running',
        ),
      )
      .option(
        'force',
        flagOption(
          'with down and redo: allow a database at a URI; with unlock: break the lock even if its holder is alive',
        ),
      )
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
    ACTIONS,
    parameters,
  )

/** @throws UsageError for options that do not fit the action or each other */
export function checkMigrateOptions(options: MigrateOptions): void {
  const { action, name } = options
  checkActionOptions('migrate', action, ACTIONS, { ...options })
  const needsName = action === 'create' || action === 'mark'
  if (needsName && name === undefined) {
    throw new UsageError(`migrate ${action} needs the name of the migration`)
  }
  if (!needsName && name !== undefined) throw new UsageError(`migrate ${action} takes no name`)
  if (action === 'mark' && options.applied === options.pending) {
    throw new UsageError('migrate mark needs --applied or --pending')
  }
  if (options.to !== undefined && options.step !== undefined) {
    throw new UsageError('--to cannot be used with --step')
  }
}

/** The same options as the library's functions take them. */
export const migrationOptions = (
  options: MigrateOptions,
  { log, signal }: Context,
): MigrationOptions & MigrationRange => ({
  folder: migrationFolders(options.migrations),
  to: options.to,
  step: options.step,
  lockWait: options['lock-wait'] === undefined ? undefined : options['lock-wait'] * 1000,
  log,
  signal,
  settings: {
    ...(options.currency && { currency: options.currency }),
    skipUnadoptable: options['skip-unadoptable'],
  },
})
