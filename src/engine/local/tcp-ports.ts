import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { EngineError } from '../../errors.ts'

// Systems take the ports of outgoing connections from a higher range. So the port that is saved with the data
// is rarely taken later.
const lowest = 20_000
const highest = 32_000

/** A port of this machine on which nothing listens: `preferred` if it is free. */
export async function findFreePort(preferred?: number): Promise<number> {
  if (preferred && (await isFree(preferred))) return preferred
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, highest)
    if (await isFree(port)) return port
  }
  throw new EngineError(
    `no free port was found on 127.0.0.1 between ${lowest} and ${highest}. Close programs that listen there`,
  )
}

/** Whether something listens on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
