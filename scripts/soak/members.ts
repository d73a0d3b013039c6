import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import mongoose from 'mongoose'
import { findFreePort, findMongod, waitUntil } from '../../src/internal.ts'

/** The driver's client, connected to one member. */
export type MemberClient = mongoose.mongo.MongoClient

const SET_NAME = 'soak'

/** How long the set may take until it has a primary and two secondaries, in milliseconds. */
const LONGEST_HEALING = 180_000

/** A mongod of the replica set. Its data survive its process. */
export class Member {
  readonly port: number
  readonly #mongod: string
  readonly #folder: string
  #process: ChildProcess | undefined
  isPaused = false

  constructor({ mongod, port, folder }: { mongod: string; port: number; folder: string }) {
    this.port = port
    this.#mongod = mongod
    this.#folder = folder
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null
  }

  async start(): Promise<void> {
    const data = join(this.#folder, `data-${this.port}`)
    await mkdir(data, { recursive: true })
    const mongod = spawn(
      this.#mongod,
      [...argumentsOf(this.port), '--dbpath', data, '--logpath', this.#log],
      {
        // A terminal sends Ctrl-C to its whole process group, but the members must run until the audit is done.
        detached: true,
        stdio: 'ignore',
      },
    )
    await once(mongod, 'spawn')
    this.#process = mongod
    endWithThisProcess(mongod)
  }

  /** Ends it without a chance to tidy up. */
  async kill(): Promise<void> {
    if (!this.#process || !this.isRunning) return
    const end = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await end
    this.isPaused = false
  }

  pause(): void {
    this.#process?.kill('SIGSTOP')
    this.isPaused = true
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
    this.isPaused = false
  }

  /** How often it has undone writes that no majority had. */
  async countRollbacks(): Promise<number> {
    const log = await readFile(this.#log, 'utf8')
    return log.split('\n').filter((line) => line.includes('"msg":"Rollback summary"')).length
  }

  /** Does some work with a client that is connected to this member only. */
  async withClient<Result>(work: (client: MemberClient) => Promise<Result>): Promise<Result> {
    const client = new mongoose.mongo.MongoClient(`mongodb://127.0.0.1:${this.port}/`, {
      directConnection: true,
      serverSelectionTimeoutMS: 1_000,
      socketTimeoutMS: 5_000,
    })
    try {
      return await work(client)
    } finally {
      await client.close()
    }
  }

  get #log(): string {
    return join(this.#folder, `mongod-${this.port}.log`)
  }
}

/** A replica set of three members on this machine, whose processes can be killed and paused. */
export class Members {
  readonly all: readonly Member[]

  private constructor(all: readonly Member[]) {
    this.all = all
  }

  static async start(folder: string, log: (text: string) => void): Promise<Members> {
    const { path: mongod, version } = await findMongod({ onProgress: log })
    log(`starting three members of mongod ${version}`)
    const ports = new Set<number>()
    while (ports.size < 3) ports.add(await findFreePort())
    const members = new Members([...ports].map((port) => new Member({ mongod, port, folder })))
    try {
      for (const member of members.all) await member.start()
      await members.#initiate()
      await members.heal()
      return members
    } catch (error) {
      await members.stop()
      throw error
    }
  }

  /** Its address, for `database`. Members and clients know it by the same names. */
  uri(database: string): string {
    const hosts = this.all.map(({ port }) => hostOf(port)).join(',')
    return `mongodb://${hosts}/${database}?replicaSet=${SET_NAME}`
  }

  /** The member that is primary now; undefined in an election, or while the primary is paused. */
  async primary(): Promise<Member | undefined> {
    for (const member of this.all) {
      if (!member.isRunning || member.isPaused) continue
      const hello = await member
        .withClient((client) => client.db('admin').command({ hello: 1 }))
        .catch(() => undefined)
      if (hello?.['isWritablePrimary'] === true) return member
    }
    return undefined
  }

  /** Starts and continues every member, and waits for a primary and two secondaries. */
  async heal(): Promise<void> {
    for (const member of this.all) {
      if (!member.isRunning) await member.start()
      else if (member.isPaused) member.resume()
    }
    const isWhole = async (): Promise<boolean> => {
      const primary = await this.primary()
      const status = await primary
        ?.withClient((client) => client.db('admin').command({ replSetGetStatus: 1 }))
        .catch(() => undefined)
      const states = (status?.['members'] as { stateStr: string }[] | undefined) ?? []
      return states.filter(({ stateStr }) => stateStr === 'SECONDARY').length === 2
    }
    if (await waitUntil(isWhole, { timeout: LONGEST_HEALING, interval: 200 })) return
    throw new Error(`the replica set is not whole again after ${LONGEST_HEALING / 1_000} s`)
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()))
  }

  async #initiate(): Promise<void> {
    const configuration = {
      _id: SET_NAME,
      members: this.all.map(({ port }, index) => ({ _id: index, host: hostOf(port) })),
      settings: { electionTimeoutMillis: 1_500, heartbeatIntervalMillis: 300 },
    }
    const first = this.all[0] as Member
    const initiate = (): Promise<boolean> =>
      first
        .withClient((client) => client.db('admin').command({ replSetInitiate: configuration }))
        .then(
          () => true,
          () => false,
        )
    if (await waitUntil(initiate, { timeout: 60_000, interval: 200 })) return
    throw new Error('the replica set could not be initiated within 60 s')
  }
}

/** A name and not an address, so that clients can look it up elsewhere: see `proxy.ts`. */
const hostOf = (port: number): string => `localhost:${port}`

const argumentsOf = (port: number): string[] =>
  Object.entries({
    replSet: SET_NAME,
    port: String(port),
    bind_ip: '127.0.0.1',
    wiredTigerCacheSizeGB: '0.25',
    oplogSize: '256',
    slowms: '60000',
  })
    .flatMap(([name, value]) => [`--${name}`, value])
    .concat('--logappend', '--nounixsocket')
    .concat(
      ['enableTestCommands=1', 'diagnosticDataCollectionEnabled=false'].flatMap((parameter) => [
        '--setParameter',
        parameter,
      ]),
    )

// The channel between the two processes closes when the parent ends, no matter how. A paused mongod would stay for ever.
const KILL_AFTER_PARENT = `
  process.once('disconnect', () => {
    try { process.kill(Number(process.argv[1]), 'SIGKILL') } catch {}
    process.exit()
  })`

/** Kills a child even if this process is killed. */
function endWithThisProcess(child: ChildProcess): void {
  const killer = spawn(process.execPath, ['-e', KILL_AFTER_PARENT, String(child.pid)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  killer.on('error', () => {})
  killer.unref()
  killer.channel?.unref()
  child.once('exit', () => killer.kill('SIGKILL'))
}
