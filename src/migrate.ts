import { pathToFileURL } from 'node:url'
import type { Connection } from 'mongoose'
import type { Migration, MigrationParameters } from './migration/migration.ts'

/** A migration that was applied, as it is stored. */
interface AppliedMigration {
  _id: string
  appliedAt: Date
}

export interface MigrationOptions {
  /** The folder of the migration files; they run in the order of their names. */
  readonly folder: string
  /** Is told of each migration as it is applied. */
  readonly onApplied?: (name: string) => void
}

export interface MigrationStatus {
  readonly name: string
  readonly status: 'applied' | 'pending'
  readonly appliedAt?: Date
}

/** Applies the pending migrations in the order of their names, and gives the names of those it applied. */
export async function migrate(
  connection: Connection,
  options: MigrationOptions,
): Promise<string[]> {
  const umzug = await umzugOf(connection, options)
  umzug.on('migrated', ({ name }) => options.onApplied?.(name))
  const applied = await umzug.up()
  return applied.map(({ name }) => name)
}

/** What is applied and what is pending. Writes nothing. */
export async function migrationStatus(
  connection: Connection,
  options: MigrationOptions,
): Promise<MigrationStatus[]> {
  const umzug = await umzugOf(connection, options)
  const records = await migrations(connection).find().toArray()
  const appliedAt = new Map(records.map((record) => [record._id, record.appliedAt]))
  const applied = await umzug.executed()
  const pending = await umzug.pending()
  return [
    ...applied.map(({ name }) => {
      const at = appliedAt.get(name)
      return { name, status: 'applied' as const, ...(at && { appliedAt: at }) }
    }),
    ...pending.map(({ name }) => ({ name, status: 'pending' as const })),
  ]
}

const migrations = (connection: Connection) => connection.collection<AppliedMigration>('migrations')

async function umzugOf(connection: Connection, { folder }: MigrationOptions) {
  // Loaded when it is needed: it takes a quarter of a second, and few commands migrate.
  const { Umzug } = await import('umzug')
  return new Umzug<MigrationParameters<undefined>>({
    migrations: {
      glob: ['*.{ts,js}', { cwd: folder, ignore: '*.d.ts' }],
      resolve: ({ name, path, context }) => {
        const load = () => import(pathToFileURL(path as string).href) as Promise<Migration>
        return {
          name: name.replace(/\.[jt]s$/, ''),
          up: async () => (await load()).up(context as never),
        }
      },
    },
    context: {
      connection,
      session: undefined,
      tell: () => undefined,
      options: { currency: 'USD', skipUnadoptable: false },
      signal: new AbortController().signal,
    },
    storage: {
      async logMigration({ name, context }) {
        await migrations(context.connection).updateOne(
          { _id: name },
          { $setOnInsert: { appliedAt: new Date() } },
          { upsert: true },
        )
      },
      async unlogMigration({ name, context }) {
        await migrations(context.connection).deleteOne({ _id: name })
      },
      async executed({ context }) {
        const records = await migrations(context.connection).find().sort({ _id: 1 }).toArray()
        return records.map(({ _id }) => _id)
      },
    },
    logger: undefined,
  })
}
