import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import { defaultPrefix, queueNames } from '@dist/queue'
import { Queue } from 'bullmq'
import type { FastifyPluginCallback } from 'fastify'
import type { Redis } from 'ioredis'

/** A job as bull-board hands it to those who describe it. Its data are what somebody put into Redis. */
interface ShownJob {
  readonly data?: {
    readonly run?: unknown
    readonly reference?: unknown
    readonly desc?: { readonly digest?: unknown } | undefined
  }
}

/** The three queues, from what people ask for to what moves bytes, and what a job of each is called. */
const queues = [
  {
    name: queueNames.runs,
    says: 'What was asked for: one job for each time that a run is expanded into images.',
    title: ({ data }: ShownJob) => data?.run,
  },
  {
    name: queueNames.images,
    says: 'One job for each image of a run. Its flow has the blobs that it waits for.',
    title: ({ data }: ShownJob) => data?.reference,
  },
  {
    name: queueNames.blobs,
    says: 'One job for each blob that an image lacks.',
    title: ({ data }: ShownJob) => data?.desc?.digest,
  },
]

export interface BoardOptions {
  /** Where its pages are: `/queues`. */
  path: string
  readOnly: boolean
  /** The prefix of the queues' keys in Redis. */
  prefix?: string | undefined
}

/** bull-board over the queues. Makes no connection of its own. */
export function createBoard(
  redis: Redis,
  { path, readOnly, prefix = defaultPrefix }: BoardOptions,
): FastifyPluginCallback {
  const adapters = queues.map(({ name, says, title }) => {
    const queue = new Queue(name, { connection: redis, prefix, skipMetasUpdate: true })
    // The connection's own listener has said it.
    queue.on('error', () => {})
    // A job that is tried again by itself would not be known to its run: `dist retry` makes a fresh one.
    const adapter = new BullMQAdapter(queue, {
      readOnlyMode: readOnly,
      allowRetries: false,
      description: says,
      externalJobUrl: ({ data }: ShownJob) => ({ displayText: 'its run', href: runUrl(path, data?.run) }),
    })
    adapter.setFormatter('name', (job: ShownJob) => String(title(job) ?? name))
    return adapter
  })
  const server = new FastifyAdapter().setBasePath(path)
  createBullBoard({
    queues: adapters,
    serverAdapter: server,
    options: { uiBasePath: pages(), uiConfig: { boardTitle: 'dist', hideRedisDetails: true } },
  })
  return server.registerPlugin()
}

/** The job of a run's first expansion: a run's images are found through it, and it through them. */
function runUrl(path: string, run: unknown): string {
  return `${path}/queue/${queueNames.runs}/${encodeURIComponent(`${run}-0`)}`
}

/** bull-board's files: beside the bundle, else where the package is installed. */
function pages(): string {
  const bundled = fileURLToPath(new URL('./dashboard-ui', import.meta.url))
  if (existsSync(bundled)) return bundled
  return dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json'))
}
