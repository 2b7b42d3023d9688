import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import { Queue } from 'bullmq'
import type { FastifyPluginCallback } from 'fastify'
import type { Redis } from 'ioredis'

/** The three queues, from what people ask for to what moves bytes. */
const queues = [
  { name: 'runs', says: 'What was asked for: one job for each time that a run is expanded into images.' },
  { name: 'images', says: 'One job for each image of a run. Its flow has the blobs that it waits for.' },
  { name: 'blobs', says: 'One job for each blob that an image lacks.' },
]

export interface BoardOptions {
  /** Where its pages are: `/queues`. */
  path: string
  readOnly: boolean
}

/** bull-board over the queues. Makes no connection of its own. */
export function createBoard(redis: Redis, { path, readOnly }: BoardOptions): FastifyPluginCallback {
  const adapters = queues.map(({ name, says }) => {
    const queue = new Queue(name, { connection: redis, prefix: '{dist}', skipMetasUpdate: true })
    // The connection's own listener has said it.
    queue.on('error', () => {})
    // A job that is tried again by itself would not be known to its run: `dist retry` makes a fresh one.
    return new BullMQAdapter(queue, { readOnlyMode: readOnly, allowRetries: false, description: says })
  })
  const server = new FastifyAdapter().setBasePath(path)
  createBullBoard({
    queues: adapters,
    serverAdapter: server,
    options: { uiBasePath: pages(), uiConfig: { boardTitle: 'dist', hideRedisDetails: true } },
  })
  return server.registerPlugin()
}

/** bull-board's files: beside the bundle, else where the package is installed. */
function pages(): string {
  const bundled = fileURLToPath(new URL('./dashboard-ui', import.meta.url))
  if (existsSync(bundled)) return bundled
  return dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json'))
}
