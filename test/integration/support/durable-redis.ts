import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startServer } from '@dist/testkit/servers'
import { Redis } from 'ioredis'

export interface DurableRedis {
  readonly url: string
  /** A client for the test. */
  readonly admin: Redis
  /** Kills the process with SIGKILL. */
  kill(): Promise<void>
  /** Starts it again at its port, with all acknowledged data. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** A Redis with an append-only file, as a queue needs it. */
export async function startDurableRedis(): Promise<DurableRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'dist-redis-'))
  const port = await freePort()
  const options = { bind: '127.0.0.1', port, dir: directory, save: '', appendonly: 'yes' }
  const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)])
  const admin = new Redis({ port, lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  const started = () =>
    startServer('redis-server', args, { ready: async () => (await admin.ping()) === 'PONG', directory })
  let server = await started()
  return {
    url: `redis://127.0.0.1:${port}`,
    admin,
    kill: async () => {
      process.kill(server.pid, 'SIGKILL')
      await server.stop()
    },
    start: async () => {
      server = await started()
    },
    stop: async () => {
      admin.disconnect()
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
