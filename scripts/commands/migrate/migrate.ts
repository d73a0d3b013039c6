import {
  type MigrationOptions,
  type MigrationRange,
  breakLock,
  mark,
  migrate,
  migrationStatus,
  redo,
  rehearseMigrations,
  revert,
} from '../../../src/index.ts'
import { type ActionOptions, checkActionOptions } from '../../context/action-options.ts'
import {
  type Command,
  type Context,
  type Database,
  Exit,
  type ExitCode,
  UsageError,
  jsonOption,
  wholeNumber,
} from '../../context/command.ts'
import { withDatabase } from '../../context/database.ts'
import { dryRunOption } from '../../context/dry-run.ts'
import { PROJECT_FOLDER, allowTypeScript, migrationFolders } from '../../context/own-migrations.ts'
import { renderRehearsal, renderStatus } from './tables.ts'
import { createMigration } from './template.ts'

const RUNS = ['to', 'step', 'lock-wait', 'dry-run', 'currency', 'skip-unadoptable']
const ACTIONS = {
  up: { optional: RUNS },
  down: { optional: [...RUNS, 'force'] },
  redo: { optional: ['lock-wait', 'currency', 'skip-unadoptable', 'force'] },
  status: { optional: ['check'] },
  create: {},
  mark: { optional: ['applied', 'pending', 'lock-wait'] },
  unlock: { optional: ['force'] },
} satisfies Record<string, ActionOptions>

interface MigrateOptions {
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

export const migrateCommand: Command<MigrateOptions> = {
  command: 'migrate <action> [name]',
  describe: 'bring the database to the state that this version and your project need',
  builder: (yargs) =>
    yargs
      .positional('action', {
        describe:
          'up applies what is pending; down reverts; redo reverts the last and applies it again; status only looks; create writes a new migration’s file; mark records one without running it; unlock breaks a lock',
        choices: Object.keys(ACTIONS) as (keyof typeof ACTIONS)[],
        demandOption: true,
      })
      .positional('name', { describe: 'with create and mark: the migration’s', type: 'string' })
      .option('migrations', {
        describe: `the folder of your own migrations [default: ${PROJECT_FOLDER}, where it exists]`,
        type: 'string',
        requiresArg: true,
      })
      .option('to', {
        describe: 'up: the last to apply; down: the last to revert, 0 for all',
        type: 'string',
        requiresArg: true,
      })
      .option('step', wholeNumber('step', { least: 1, describe: 'how many [down: 1]' }))
      .option('applied', { describe: 'with mark', type: 'boolean', default: false })
      .option('pending', { describe: 'with mark', type: 'boolean', default: false })
      .option('currency', {
        describe: 'of a notebook’s accounts that are adopted [default: USD]',
        type: 'string',
        requiresArg: true,
      })
      .option('skip-unadoptable', {
        describe: 'leave behind what of a notebook cannot be adopted, and adopt the rest',
        type: 'boolean',
        default: false,
      })
      .option(
        'lock-wait',
        wholeNumber('lock-wait', {
          least: 0,
          most: 86_400,
          describe: 'how many seconds to wait while another process migrates [default: 30]',
        }),
      )
      .option('check', {
        describe: 'with status: exit 2 when something is pending, 4 when something is wrong',
        type: 'boolean',
        default: false,
      })
      .option('force', {
        describe:
          'with down and redo: also on a database that is not on this machine; with unlock: whoever holds it',
        type: 'boolean',
        default: false,
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: async (options, context) => {
    const { action, name } = options
    checkActionOptions('migrate', action, ACTIONS, { ...options })
    const isOfOne = action === 'create' || action === 'mark'
    if (isOfOne !== (name !== undefined)) {
      const needs = isOfOne ? 'needs the migration’s name' : 'takes no name'
      throw new UsageError(`migrate ${action} ${needs}`)
    }
    if (action === 'mark' && options.applied === options.pending) {
      throw new UsageError('migrate mark needs --applied or --pending')
    }
    if (options.to !== undefined && options.step !== undefined) {
      throw new UsageError('--to and --step say the same in two ways: give one of them')
    }
    if (action === 'create') {
      context.print(await createMigration(options.migrations ?? PROJECT_FOLDER, name as string))
      return Exit.done
    }
    if (action === 'up' || action === 'down' || action === 'redo') await allowTypeScript()
    const monitorCommands = options['dry-run']
    try {
      return await withDatabase({ ...options, monitorCommands }, context, (database) =>
        act(database, options, context),
      )
    } catch (error) {
      if (!context.signal.aborted) throw error
      context.log('interrupted; daybook migrate status shows how far it is')
      return Exit.interrupted
    }
  },
}

async function act(
  { connection, isLocal, name: database }: Database,
  options: MigrateOptions,
  context: Context,
): Promise<ExitCode> {
  const { action, force, json } = options
  const name = options.name ?? ''
  const parameters = migrationOptions(options, context)
  const print = (names: readonly string[], done: 'applied' | 'reverted') => {
    const nothing = done === 'applied' ? 'nothing to apply' : 'nothing to revert'
    const text = names.length === 0 ? nothing : `${names.length} ${done}`
    context.print(json ? JSON.stringify({ [done]: names }) : text)
    return Exit.done
  }
  switch (action) {
    case 'status': {
      const status = await migrationStatus(connection, parameters)
      context.print(json ? JSON.stringify(status) : renderStatus(status))
      return options.check ? checked(status) : Exit.done
    }
    case 'up':
    case 'down': {
      if (options['dry-run']) {
        const rehearsed = await rehearseMigrations(connection, { ...parameters, direction: action })
        context.print(json ? JSON.stringify(rehearsed) : renderRehearsal(rehearsed))
        context.log('rehearsal: nothing was written')
        return Exit.done
      }
      if (action === 'up') return print(await migrate(connection, parameters), 'applied')
      requireLocal()
      return print(await revert(connection, parameters), 'reverted')
    }
    case 'redo':
      requireLocal()
      return print(await redo(connection, parameters), 'applied')
    case 'mark': {
      const as = options.applied ? 'applied' : 'pending'
      await mark(connection, name, { ...parameters, as })
      context.print(json ? JSON.stringify({ name, state: as }) : `${name} is marked ${as}`)
      return Exit.done
    }
    case 'unlock': {
      const owner = await breakLock(connection, { force })
      const text = owner ? `took the lock from process ${owner.pid} on ${owner.host}` : 'no lock'
      context.print(json ? JSON.stringify({ unlocked: owner ?? null }) : text)
      return Exit.done
    }
    default:
      throw new UsageError(`migrate ${action} needs no database`)
  }

  function requireLocal(): void {
    if (isLocal || force) return
    throw new UsageError(
      `migrate ${action} takes away what migrations brought, and ${database} is not on this machine: add --force if that is meant`,
    )
  }
}

const migrationOptions = (
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

function checked({ migrations }: Awaited<ReturnType<typeof migrationStatus>>): ExitCode {
  const states = new Set(migrations.map(({ state }) => state))
  if (['changed', 'failed', 'running'].some((state) => states.has(state as 'changed'))) {
    return Exit.badInput
  }
  return states.has('pending') ? Exit.pending : Exit.done
}
