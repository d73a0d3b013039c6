import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** A proxy in front of a mongod that can lose, hold back and cut what passes through it. */
export interface Proxy {
  readonly port: number
  /** How many connections it has accepted. */
  connections(): number
  /** Lets the next commit through, loses its reply, and then refuses connections. */
  loseNextCommitReply(): Promise<void>
  /** Holds the next commit back, cuts its client off, and then refuses connections. */
  holdNextCommit(): Promise<void>
  /** Accepts connections again, once it has refused some. */
  acceptAfterRefusing(count: number): Promise<void>
  /** Sends what was held back to the server. Resolves with the server's reply. */
  release(): Promise<Buffer>
  /** Forwards nothing any more, but keeps every connection open. */
  hang(): void
  /** Cuts all connections. */
  close(): void
}

/** Starts a proxy, which ends with the test. */
export async function startProxy(uri: string): Promise<Proxy> {
  const { hostname, port } = new URL(uri)
  const sockets = new Set<Socket>()
  let connections = 0
  let isRefusing = false
  let refused = 0
  let onRefusal: (() => void) | undefined
  let isHanging = false
  let onCommit: ((commit: { client: Socket; upstream: Socket; bytes: Buffer }) => void) | undefined
  let held: { upstream: Socket; bytes: Buffer } | undefined

  const refuse = () => {
    isRefusing = true
    for (const socket of sockets) if (socket !== held?.upstream) socket.destroy()
  }

  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy()
      refused += 1
      onRefusal?.()
      return
    }
    connections += 1
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (bytes: Buffer) => {
      if (isHanging) return
      if (onCommit && bytes.includes('commitTransaction')) {
        onCommit({ client, upstream, bytes })
        onCommit = undefined
      } else {
        upstream.write(bytes)
      }
    })
    upstream.on('data', (bytes: Buffer) => {
      if (!isHanging && !client.destroyed) client.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  onTestFinished(close)

  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    loseNextCommitReply: () =>
      new Promise((resolve) => {
        onCommit = ({ client, upstream, bytes }) => {
          upstream.removeAllListeners('data')
          upstream.once('data', () => {
            client.destroy()
            refuse()
            resolve()
          })
          upstream.write(bytes)
        }
      }),
    holdNextCommit: () =>
      new Promise((resolve) => {
        onCommit = ({ upstream, bytes }) => {
          upstream.removeAllListeners('data')
          held = { upstream, bytes }
          refuse()
          resolve()
        }
      }),
    acceptAfterRefusing: (count) =>
      new Promise((resolve) => {
        onRefusal = () => {
          if (refused < count) return
          isRefusing = false
          resolve()
        }
        onRefusal()
      }),
    async release() {
      if (!held) throw new Error('nothing is held back')
      held.upstream.write(held.bytes)
      const [reply] = (await once(held.upstream, 'data')) as [Buffer]
      return reply
    },
    close,
    hang() {
      isHanging = true
    },
  }
}
