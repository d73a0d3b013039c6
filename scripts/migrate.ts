import { fileURLToPath } from 'node:url'
import { InputError, migrate, migrationStatus } from '../src/index.ts'
import { type Command, type Context, type Database, Exit, jsonOption } from './command.ts'
import { withDatabase } from './database.ts'
import { renderTable } from './table.ts'

/** The migrations that come with Daybook. */
export const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url))

export const migrateCommand: Command<{ action: 'up' | 'status'; check: boolean; json: boolean }> = {
  command: 'migrate <action>',
  describe: 'bring the database to the state that this version needs',
  builder: (yargs) =>
    yargs
      .positional('action', {
        describe: 'up applies what is pending; status only looks',
        choices: ['up', 'status'] as const,
        demandOption: true,
      })
      .option('check', {
        describe: 'with status: exit 2 when something is pending',
        type: 'boolean',
        default: false,
      })
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async ({ connection }) => {
      const folder = migrationsFolder
      if (options.action === 'up') {
        const applied = await migrate(connection, {
          folder,
          onApplied: (name) => context.tell(`applied ${name}`),
        })
        if (options.json) context.print(JSON.stringify({ applied }))
        else context.print(applied.length === 0 ? 'nothing to apply' : `${applied.length} applied`)
        return Exit.done
      }
      const migrations = await migrationStatus(connection, { folder })
      if (options.json) context.print(JSON.stringify(migrations))
      else {
        context.print(
          renderTable(
            ['migration', 'status', 'applied at'],
            migrations.map(({ name, status, appliedAt }) => [
              name,
              status,
              appliedAt?.toISOString() ?? '',
            ]),
          ),
        )
      }
      const pending = migrations.some(({ status }) => status === 'pending')
      return options.check && pending ? Exit.pending : Exit.done
    }),
}

/** A database that nobody shares is migrated on the way; of any other its owner decides. */
export async function bringUpToDate(
  { connection, isLocal }: Database,
  context: Context,
): Promise<void> {
  const folder = migrationsFolder
  if (isLocal) {
    await migrate(connection, { folder, onApplied: (name) => context.tell(`applied ${name}`) })
    return
  }
  const migrations = await migrationStatus(connection, { folder })
  const pending = migrations.find(({ status }) => status === 'pending')
  if (!pending) return
  throw new InputError(`migration ${pending.name} is not applied: run daybook migrate up first`)
}
