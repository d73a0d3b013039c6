import type { RehearsedMigration, migrationStatus } from '../../../src/index.ts'
import { paintedState } from '../../context/states.ts'
import { renderTable, timeCell } from '../../context/table.ts'

/** A table of the migrations with their states, and the process that migrates now. */
export function renderStatus(
  { migrations, lock }: Awaited<ReturnType<typeof migrationStatus>>,
  columns: number | undefined,
): string {
  const table = renderTable(
    ['migration', 'state', 'since (UTC)', ''],
    migrations.map(({ name, state, at, note }) => [
      name,
      paintedState(state),
      at ? timeCell(at) : '',
      note ?? '',
    ]),
    [],
    columns,
  )
  if (!lock) return table
  const { host, pid, since } = lock
  return `${table}\n\nlocked by process ${pid} on ${host} since ${since.toISOString()}`
}

const COUNTS = ['inserted', 'matched', 'modified', 'deleted'] as const

/** A table of what each migration would do to each collection. */
export function renderRehearsal(
  rehearsed: readonly RehearsedMigration[],
  columns: number | undefined,
): string {
  if (rehearsed.length === 0) return 'nothing to do'
  return renderTable(
    ['migration', '', 'collection', ...COUNTS],
    rehearsed.flatMap(({ name, direction, changes }) => {
      if (!changes) return [[name, direction, '(outside a transaction: cannot be rehearsed)']]
      const rows = Object.entries(changes).map(([collection, counts]) => [
        name,
        direction,
        collection,
        ...COUNTS.map((count) => String(counts[count])),
      ])
      return rows.length > 0 ? rows : [[name, direction, '(writes nothing)']]
    }),
    ['left', 'left', 'left', 'right', 'right', 'right', 'right'],
    columns,
  )
}
