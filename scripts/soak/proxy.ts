import type { LookupFunction } from 'node:net'
import { once } from 'node:events'
import { type Server, type Socket, connect, createServer } from 'node:net'

/** What a proxy does with what passes through it. */
export type ProxyMode =
  | 'forward'
  /** Keeps every byte back, and delivers all of them afterwards. */
  | 'hold'
  /** Lets commits through, and cuts the connection instead of passing the reply on. */
  | 'lose replies'
  /** Cuts the client off at its commit, and delivers the commit much later. */
  | 'late commits'

/**
 * The address on which the proxies listen. Each member of the set listens on 127.0.0.1, and its proxy on the same port
 * of this address. So members reach each other directly, and clients with {@link proxyLookup} reach only proxies.
 */
const ADDRESS = '127.0.0.2'

/** Looks every name up at the proxies' address: an option of the driver. */
export const proxyLookup: LookupFunction = (_name, options, callback) => {
  if (options.all) callback(null, [{ address: ADDRESS, family: 4 }])
  else callback(null, ADDRESS, 4)
}

/** A TCP proxy in front of a mongod that holds bytes back, loses replies and delivers commits late. */
export class Proxy {
  readonly #port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #held: (() => void)[] = []
  #mode: ProxyMode = 'forward'
  /** How late commits are delivered, in milliseconds. */
  #delay = 0
  lostReplies = 0
  lateCommits = 0

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client))
  }

  /** Starts the proxy of the mongod on a port. */
  static async start(port: number): Promise<Proxy> {
    const proxy = new Proxy(port)
    proxy.#server.listen(port, ADDRESS)
    await once(proxy.#server, 'listening')
    return proxy
  }

  setMode(mode: ProxyMode, { delay = 0 }: { delay?: number } = {}): void {
    this.#mode = mode
    this.#delay = delay
    if (mode !== 'hold') for (const deliver of this.#held.splice(0)) deliver()
  }

  /** Cuts every connection, as a firewall that restarts does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    let isReplyLost = false
    let isLate = false
    this.#watch(client, () => {
      // Behind the bytes that are held back.
      if (!isLate) this.#deliver(() => server.end())
    })
    this.#watch(server, () => client.destroy())
    client.on('data', (bytes: Buffer) => {
      const isCommit = this.#mode !== 'forward' && bytes.includes('commitTransaction')
      if (isCommit && this.#mode === 'lose replies') {
        isReplyLost = true
        server.write(bytes)
      } else if (isCommit && this.#mode === 'late commits') {
        isLate = true
        this.lateCommits += 1
        setTimeout(() => server.end(bytes), this.#delay)
        client.destroy()
      } else {
        this.#deliver(() => server.writable && server.write(bytes))
      }
    })
    server.on('data', (bytes: Buffer) => {
      if (isReplyLost) {
        this.lostReplies += 1
        client.destroy()
      } else {
        this.#deliver(() => client.writable && client.write(bytes))
      }
    })
  }

  #deliver(delivery: () => void): void {
    if (this.#mode === 'hold') this.#held.push(delivery)
    else delivery()
  }

  #watch(socket: Socket, onClose: () => void): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      onClose()
    })
  }
}
