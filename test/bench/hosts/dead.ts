import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { freePort } from '@dist/testkit/servers'

/** Two hosts that nothing comes from: one accepts connections and never answers, the other refuses them. */
export interface DeadHosts extends AsyncDisposable {
  readonly silent: string
  readonly closed: string
}

export async function startDeadHosts(): Promise<DeadHosts> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    silent: `127.0.0.1:${address.port}`,
    closed: `127.0.0.1:${await freePort()}`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** So many references to each of the dead hosts, put among the others in an order that is the same each time. */
export function amongDead(good: readonly string[], { silent, closed }: DeadHosts, count: number): string[] {
  const dead = Array.from({ length: count }, (_, i) => [
    `${silent}/bench/image:d${i}`,
    `${closed}/bench/image:d${i}`,
  ])
  const all = [...good, ...dead.flat()]
  // Knuth's multiplicative hash stands for chance.
  const rank = all.map((reference, i) => ({ reference, at: Math.imul(i + 1, 0x9e3779b1) >>> 0 }))
  return rank.toSorted((a, b) => a.at - b.at).map(({ reference }) => reference)
}
