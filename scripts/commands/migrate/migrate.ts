import {
  breakMigrationLock,
  markMigration,
  migrate,
  migrationStatus,
  redoMigration,
  rehearseMigrations,
  revertMigrations,
} from '../../../src/index.ts'
import {
  type Command,
  type Context,
  type Database,
  Exit,
  type ExitCode,
  UsageError,
} from '../../context/command.ts'
import { withDatabase } from '../../context/database.ts'
import { requireFolder } from '../../context/needed-files.ts'
import { paint } from '../../context/paint.ts'
import {
  PROJECT_FOLDER,
  updateValidators,
  validatorsToUpdate,
} from '../../context/own-migrations.ts'
import { allowTypeScript } from '../../context/typescript.ts'
import {
  type MigrateOptions,
  checkMigrateOptions,
  migrateBuilder,
  migrationOptions,
} from './options.ts'
import { renderRehearsal, renderStatus } from './tables.ts'
import { createMigration } from './template.ts'

export const migrateCommand: Command<MigrateOptions> = {
  examples: [
    ['migrate up', 'apply what is pending'],
    ['migrate status --check', 'exit with 2 if something is'],
  ],
  builder: migrateBuilder,
  run: async (options, context) => {
    checkMigrateOptions(options)
    const { action, name = '' } = options
    if (action === 'create') {
      const file = await createMigration(options.migrations ?? PROJECT_FOLDER, name)
      context.print(options.json ? JSON.stringify({ file }) : file)
      return Exit.done
    }
    await requireFolder(options.migrations)
    if (action === 'up' || action === 'down' || action === 'redo') await allowTypeScript()
    // A rehearsal counts writes by command monitoring.
    const monitorCommands = options['dry-run']
    try {
      return await withDatabase({ ...options, monitorCommands }, context, (database) =>
        runAction(database, options, context),
      )
    } catch (error) {
      if (!context.signal.aborted) throw error
      context.log(paint.warning('interrupted: daybook migrate status shows what was applied'))
      return Exit.interrupted
    }
  },
}

async function runAction(
  { connection, isLocal, name: database }: Database,
  options: MigrateOptions,
  context: Context,
): Promise<ExitCode> {
  const { action, name = '', force, json } = options
  const parameters = migrationOptions(options, context)
  const print = (result: unknown, text: string) =>
    context.print(json ? JSON.stringify(result) : text)
  switch (action) {
    case 'status': {
      const status = await migrationStatus(connection, parameters)
      print(status, renderStatus(status, context.columns))
      const outdated = await validatorsToUpdate(connection)
      if (outdated.length > 0) {
        context.log(
          `the validators of ${outdated.join(' and ')} are not up to date: daybook migrate up updates them`,
        )
      }
      const code = exitCodeOf(status)
      if (!options.check) return Exit.done
      return code === Exit.done && outdated.length > 0 ? Exit.pending : code
    }
    case 'up':
    case 'down': {
      if (options['dry-run']) {
        const rehearsed = await rehearseMigrations(connection, { ...parameters, direction: action })
        print(rehearsed, renderRehearsal(rehearsed, context.columns))
      } else if (action === 'up') {
        const applied = await migrate(connection, parameters)
        await updateValidators(connection, context)
        printApplied(applied)
      } else {
        requireLocal()
        const reverted = await revertMigrations(connection, parameters)
        print({ reverted }, reverted.length ? `${reverted.length} reverted` : 'nothing to revert')
      }
      return Exit.done
    }
    case 'redo':
      requireLocal()
      printApplied(await redoMigration(connection, parameters))
      return Exit.done
    case 'mark': {
      const state = options.applied ? 'applied' : 'pending'
      await markMigration(connection, name, { ...parameters, as: state })
      print({ name, state }, `${name} is now recorded as ${state}`)
      return Exit.done
    }
    case 'unlock': {
      const unlocked = (await breakMigrationLock(connection, { force })) ?? null
      print(
        { unlocked },
        unlocked ? `broke the lock of process ${unlocked.pid} on ${unlocked.host}` : 'no lock',
      )
      return Exit.done
    }
    default:
      throw new UsageError(`migrate ${action} needs no database`)
  }

  function printApplied(applied: readonly string[]): void {
    print({ applied }, applied.length ? `${applied.length} applied` : 'nothing to apply')
  }

  function requireLocal(): void {
    if (isLocal || force) return
    throw new UsageError(
      `migrate ${action} reverts migrations, and ${database} is not the local database of Daybook: add --force if you mean it`,
    )
  }
}

function exitCodeOf({ migrations }: Awaited<ReturnType<typeof migrationStatus>>): ExitCode {
  const states = new Set<string>(migrations.map(({ state }) => state))
  if (['changed', 'failed', 'running'].some((state) => states.has(state))) return Exit.badInput
  return states.has('pending') ? Exit.pending : Exit.done
}
