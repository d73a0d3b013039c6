import mongoose, { type Connection } from 'mongoose'
import { type LedgerDefinition, defineLedger } from '../../../src/index.ts'
import {
  describeUri,
  explainedAccess,
  inspectFolder,
  isLocalUri,
  named,
  requireReachable,
} from '../../../src/internal.ts'
import {
  type Command,
  type CommonOptions,
  type Context,
  Exit,
  jsonOption,
} from '../../context/command.ts'
import { configFile, definitionFrom } from '../../context/ledger-file.ts'
import { paint } from '../../context/paint.ts'
import { paintedState } from '../../context/states.ts'
import { renderTable } from '../../context/table.ts'
import { type Finding, type Look, examine, ok } from './finding.ts'
import { lookAtMigrations, lookAtRights } from './ledger.ts'
import { describeFolder, lookAtMongod } from './local-database.ts'
import { lookAtNode, lookAtPackages } from './program.ts'
import { lookAtClock, lookAtCompatibility, lookAtMajority, lookAtServer } from './server.ts'

export const doctorCommand: Command<{ json: boolean }> = {
  examples: [
    ['doctor', 'look at this machine, its packages and its local database'],
    ['doctor --uri mongodb://db.example/bank?replicaSet=rs0', 'look at another database'],
  ],
  builder: (yargs) => yargs.option('json', jsonOption),
  async run(options, context) {
    const findings = await findingsOf(options, context)
    context.print(
      options.json
        ? JSON.stringify(findings)
        : renderTable(
            ['', 'check', 'found'],
            findings.map(({ state, check, found }) => [paintedState(state), check, found]),
            [],
            context.columns,
          ),
    )
    if (findings.every(({ state }) => state === 'ok')) context.log(paint.good('all is well'))
    return findings.some(({ state }) => state === 'problem') ? Exit.failure : Exit.done
  },
}

/** Looks at everything that a command needs. It changes nothing: it starts no server, installs none, and writes nothing. */
async function findingsOf(
  { uri, folder, ledger }: CommonOptions,
  { signal }: Context,
): Promise<Finding[]> {
  let definition: LedgerDefinition | undefined
  const findings = [
    await examine('Node.js', signal, () => lookAtNode()),
    await examine('packages', signal, () => lookAtPackages('.')),
    await examine('ledger', signal, async () => {
      definition = await definitionFrom(ledger)
      return describeDefinition(ledger)
    }),
  ]
  const given = uri || process.env['MONGODB_URI']
  if (given) {
    const origin = uri ? '--uri' : 'MONGODB_URI'
    findings.push(...(await lookAtDatabase(given, origin, definition, signal)))
    return findings
  }
  let running: string | undefined
  findings.push(
    await examine('mongod', signal, lookAtMongod),
    await examine('folder', signal, async () => {
      const state = await inspectFolder(folder)
      running = state.server?.uri
      return describeFolder(folder, state)
    }),
  )
  if (running) {
    findings.push(...(await lookAtDatabase(running, 'the local database', definition, signal)))
    return findings
  }
  const found =
    'the local database is not running, and was not started for this. The next command that needs it does'
  return [...findings, { check: 'database', ...ok(found) }]
}

const describeDefinition = (file: string | undefined): Look => {
  const path = file ?? configFile()
  return ok(
    path === undefined ? 'no daybook.config.*: Daybook’s own names' : `${named(path)} loads`,
  )
}

/** How long the server may take to answer, in milliseconds. It has more time to acknowledge a write. */
const LONGEST_ANSWER_MS = 8_000

/** Looks at a database and its server. Only the first look is possible if there is no connection. */
async function lookAtDatabase(
  uri: string,
  origin: string,
  definition: LedgerDefinition | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const reached = await examine('database', signal, async (end) => {
    await requireReachable(uri, end)
    return ok(`${describeUri(uri)} (${origin})`)
  })
  if (reached.state === 'problem') return [reached]
  const connection = mongoose.createConnection(uri, {
    autoCreate: false,
    autoIndex: false,
    appName: 'daybook',
    serverSelectionTimeoutMS: LONGEST_ANSWER_MS,
    connectTimeoutMS: LONGEST_ANSWER_MS,
    socketTimeoutMS: LONGEST_ANSWER_MS,
  })
  defineLedger(connection, definition)
  const isNear = isLocalUri(uri)
  const looks: [string, (open: Connection) => Promise<Look>][] = [
    ['server', lookAtServer],
    ['compatibility', lookAtCompatibility],
    ['clock', lookAtClock],
    ...(definition
      ? ([
          ['rights', (open) => lookAtRights(open, isNear)],
          ['majority', lookAtMajority],
          ['migrations', (open) => lookAtMigrations(open, isNear)],
        ] satisfies typeof looks)
      : []),
  ]
  try {
    const findings = [reached]
    for (const [check, look] of looks) {
      const startedAt = performance.now()
      findings.push(
        await examine(check, signal, async () => {
          try {
            return await look(await connection.asPromise())
          } catch (error) {
            throw await explainedAccess(error, connection)
          }
        }),
      )
      // The others would wait as long.
      if (performance.now() - startedAt > LONGEST_ANSWER_MS) break
    }
    return findings
  } finally {
    await connection.close(true)
  }
}
