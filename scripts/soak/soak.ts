import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createCollections } from '../../src/index.ts'
import { makeMemoryFolder } from '../../src/internal.ts'
import { openAccounts } from './accounts.ts'
import { AskedLedger } from './asked-ledger.ts'
import { audit } from './audit.ts'
import { readBooks } from './books.ts'
import { Clients, workersOf } from './clients.ts'
import { DATABASE, connectDirectly, ordersOf } from './connection.ts'
import { readJournal } from './journal.ts'
import { Members } from './members.ts'
import { runNemesis } from './nemesis.ts'
import { Proxy } from './proxy.ts'
import { startReader } from './reader.ts'
import { type SoakReport, isSound } from './report.ts'
import { type FaultKind, schedule } from './schedule.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly seed: number
  /** How many client processes there are, and how many calls each makes at the same time. */
  readonly clients: number
  readonly workers: number
  /** The longest pause of a worker between two calls, in milliseconds. */
  readonly think: number
  /** Which faults happen. */
  readonly kinds: readonly FaultKind[]
  /** Ends the load and the faults early. What was posted until then is audited. */
  readonly signal: AbortSignal
  readonly log: (text: string) => void
}

/** The room that three members take in memory, in bytes. */
const ROOM = 3 * 1024 ** 3

/**
 * Lets clients use the ledger while its servers, its network and the clients themselves fail. Then compares what the
 * clients were told with what the books hold.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { log } = options
  const memory = await makeMemoryFolder({ room: ROOM })
  const data = memory?.path ?? (await mkdtemp(join(tmpdir(), 'daybook-soak-data-')))
  const folder = await mkdtemp(join(tmpdir(), 'daybook-soak-'))
  const members = await Members.start(data, log)
  const proxies: Proxy[] = []
  try {
    for (const { port } of members.all) proxies.push(await Proxy.start(port))
    const report = await runSoak(options, { members, proxies, folder })
    if (isSound(report)) await rm(folder, { recursive: true })
    else log(`the journals of the clients: ${folder}`)
    return report
  } finally {
    for (const proxy of proxies) proxy.close()
    await members.stop()
    await memory?.remove()
    await rm(data, { recursive: true, force: true })
  }
}

async function runSoak(
  options: SoakOptions,
  { members, proxies, folder }: { members: Members; proxies: readonly Proxy[]; folder: string },
): Promise<SoakReport> {
  const { seed, minutes, signal, log } = options
  const milliseconds = minutes * 60_000
  const uri = members.uri(DATABASE)
  const connection = await connectDirectly(uri)
  let clients: Clients | undefined
  try {
    await createCollections(connection)
    await ordersOf(connection).insertOne({ _id: 'first' })
    await openAccounts(connection, workersOf(options).flat())
    const reader = await startReader(uri)
    clients = new Clients({ ...options, uri, folder })
    const faults = schedule({ seed, milliseconds, kinds: options.kinds })
    const end = setTimeout(milliseconds, undefined, { signal }).catch(() => undefined)
    const counts = await runNemesis(faults, { members, proxies, clients }, { signal, log })
    await end
    log('healing the set')
    for (const proxy of proxies) proxy.setMode('forward')
    await members.heal()
    log('waiting for the last calls to end')
    await clients.stop()
    const reading = await reader.stop()
    log('auditing')
    const asked = new AskedLedger()
    for (const journal of clients.journals) await asked.read(readJournal(journal))
    const rollbacks = await Promise.all(members.all.map((member) => member.countRollbacks()))
    return {
      seed,
      minutes,
      faults: counts,
      rollbacks: sum(rollbacks),
      lostReplies: sum(proxies.map(({ lostReplies }) => lostReplies)),
      lateCommits: sum(proxies.map(({ lateCommits }) => lateCommits)),
      asked,
      audit: await audit(asked, await readBooks(connection)),
      reading,
      crashes: clients.crashes,
      verification: await runVerify(uri),
    }
  } finally {
    clients?.killAll()
    await connection.close(true)
  }
}

const COMMAND_LINE = fileURLToPath(new URL('../cli.ts', import.meta.url))

/** Runs `daybook verify`, as somebody would who does not trust the process that posts. */
function runVerify(uri: string): Promise<SoakReport['verification']> {
  return new Promise((resolve) => {
    const parameters = ['--import', 'tsx', COMMAND_LINE, 'verify', '--uri', uri]
    execFile(process.execPath, parameters, (failure, stdout, stderr) => {
      resolve({ isSound: !failure, text: (failure ? stderr + stdout : stdout).trim() })
    })
  })
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
