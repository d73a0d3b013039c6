import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

// A process of its own, because a busy client would make it late. Started by `startDelay`, which reads the port.
// It ends with its standard input, and so with the process that started it.

const [port, delay] = process.argv.slice(2).map(Number) as [number, number]

const proxy = createServer({ noDelay: true }, (client) => {
  const server = connect({ port, host: '127.0.0.1', noDelay: true })
  endTogether(client, server)
  client.on('data', (bytes: Buffer) => server.write(bytes))
  // Only replies are late: a client that waits for each of them cannot tell on which way the time was lost.
  server.on('data', (bytes: Buffer) => {
    if (delay === 0) client.write(bytes)
    else setTimeout(() => client.writable && client.write(bytes), delay)
  })
})

proxy.listen(0, '127.0.0.1')
await once(proxy, 'listening')
process.stdout.write(`${(proxy.address() as AddressInfo).port}\n`)
process.stdin.resume().on('end', () => process.exit())

function endTogether(...sockets: Socket[]): void {
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const each of sockets) each.destroy()
    })
  }
}
