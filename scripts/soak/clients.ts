import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clock } from './journal.ts'

/** What a client process is started with. */
export interface ClientSettings {
  readonly uri: string
  readonly seed: number
  readonly client: number
  /** How many times this client was started before. */
  readonly incarnation: number
  /** The names of its workers, which the same client keeps when it is started again. */
  readonly workers: readonly string[]
  /** The longest pause of a worker between two calls, in milliseconds. */
  readonly think: number
  readonly folder: string
  /** The path of its journal. */
  readonly journal: string
}

export type ClientOptions = Pick<ClientSettings, 'uri' | 'seed' | 'think' | 'folder'> & {
  readonly clients: number
  readonly workers: number
}

/** How long a client may take to end its calls before it is killed, in milliseconds. */
const LONGEST_END = 180_000

/** The names of every client's workers. */
export const workersOf = ({ clients, workers }: Pick<ClientOptions, 'clients' | 'workers'>) =>
  Array.from({ length: clients }, (_, client) =>
    Array.from({ length: workers }, (_unused, worker) => `c${client}w${worker}`),
  )

/** The client processes of a soak. One that ends before the soak does is started again. */
export class Clients {
  readonly journals: string[] = []
  /** What clients wrote to stderr before they ended with an error of their own. */
  readonly crashes: string[] = []
  readonly #options: ClientOptions
  readonly #running: ChildProcess[] = []
  readonly #ends: Promise<void>[] = []
  #isStopping = false

  constructor(options: ClientOptions) {
    this.#options = options
    for (const [client, workers] of workersOf(options).entries())
      this.#ends.push(this.#keep(client, workers))
  }

  /** Kills one of them, chosen by a number from 0 to 1. */
  async kill(choice: number): Promise<void> {
    const client = this.#running[Math.floor(choice * this.#running.length)]
    if (!client || client.exitCode !== null || client.signalCode !== null) return
    const end = once(client, 'exit')
    client.kill('SIGKILL')
    await end
  }

  /** Lets every call end. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const client of this.#running) if (client.connected) client.send('stop')
    const isLate = new AbortController()
    void setTimeout(LONGEST_END, undefined, { signal: isLate.signal }).then(
      () => this.killAll(),
      () => undefined,
    )
    await Promise.all(this.#ends)
    isLate.abort()
  }

  killAll(): void {
    this.#isStopping = true
    for (const client of this.#running) client.kill('SIGKILL')
  }

  /** Runs a client, again and again until the soak ends. */
  async #keep(client: number, workers: readonly string[]): Promise<void> {
    for (let incarnation = 0; !this.#isStopping; incarnation += 1) {
      const { uri, seed, think, folder } = this.#options
      const journal = join(folder, `client-${client}-${incarnation}.jsonl`)
      this.journals.push(journal)
      const settings = { uri, seed, client, incarnation, workers, think, folder, journal }
      const child = fork(CLIENT, [JSON.stringify(settings satisfies ClientSettings)], {
        // A new process group: Ctrl-C ends the soak, which lets its clients end their calls.
        detached: true,
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      })
      const errors = child.stderr ? text(child.stderr) : ''
      this.#running[client] = child
      child.once('message', () => this.#isStopping && child.connected && child.send('stop'))
      const [exitCode] = (await once(child, 'exit')) as [number | null]
      if (exitCode !== 0 && exitCode !== null) this.crashes.push(await errors)
      await appendFile(journal, `\n${JSON.stringify({ died: clock() })}\n`)
    }
  }
}

const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url))
