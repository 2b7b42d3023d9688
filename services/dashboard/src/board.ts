import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import { defaultPrefix, queueNames } from '@dist/queue'
import { Queue } from 'bullmq'
import type { FastifyPluginCallback, FastifyRequest } from 'fastify'
import type { Redis } from 'ioredis'

/** A job as bull-board passes it on. Its data come from Redis, unchecked. */
interface ShownJob {
  readonly name?: unknown
  readonly data?: {
    readonly run?: unknown
    readonly reference?: unknown
    readonly target?: unknown
    readonly desc?: { readonly digest?: unknown } | undefined
  }
}

/** The queues in the order of the work, and the title of a job of each. */
const queues = [
  {
    name: queueNames.schedules,
    description: 'One job for each schedule: the run that it starts next.',
    title: ({ name }: ShownJob) => name,
  },
  {
    name: queueNames.runs,
    description: 'One job for each expansion of a run into images.',
    title: ({ data }: ShownJob) => data?.run,
  },
  {
    name: queueNames.images,
    description: 'One job for each image of a run. Its flow shows the blobs that it waits for.',
    title: ({ data }: ShownJob) => data?.reference,
  },
  {
    name: queueNames.blobs,
    description: 'One job for each missing blob of an image.',
    title: ({ data }: ShownJob) => data?.desc?.digest,
  },
  {
    name: queueNames.notices,
    description: 'One job for each webhook that is told of a run.',
    title: ({ data }: ShownJob) => data?.target,
  },
  {
    name: queueNames.questions,
    description: 'One job for each question of the API that a coordinator answers.',
    title: ({ name }: ShownJob) => name,
  },
]

export interface BoardOptions {
  /** The path of the pages: `/queues`. */
  path: string
  /** Whether a request may change nothing: then it is shown no buttons. Who sends it is checked elsewhere. */
  isReadOnly(request: FastifyRequest): boolean
  /** The prefix of the queues' keys in Redis. */
  prefix?: string | undefined
}

/** bull-board over the queues. Uses only the given connection. */
export function createBoard(
  redis: Redis,
  { path, isReadOnly, prefix = defaultPrefix }: BoardOptions,
): FastifyPluginCallback {
  const adapters = queues.map(({ name, description, title }) => {
    const queue = new Queue(name, { connection: redis, prefix, skipMetasUpdate: true })
    // Without a listener an error event would end the process. The connection's own listener logs the error.
    queue.on('error', () => {})
    // A retry by BullMQ would not be part of the run. `dist retry` adds a new job.
    const adapter = new BullMQAdapter(queue, {
      allowRetries: false,
      description,
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
  const plugin = server.registerPlugin()
  return (own, options, done) => {
    own.addHook('preSerialization', async (request, _, answer) =>
      isReadOnly(request) ? withoutButtons(answer) : answer,
    )
    plugin(own, options, done)
  }
}

/** The answer with the queues, as bull-board would give it of queues that are read-only. */
function withoutButtons(answer: unknown): unknown {
  const { queues } = (answer ?? {}) as { queues?: unknown }
  if (!Array.isArray(queues)) return answer
  return { ...(answer as object), queues: queues.map((queue: object) => ({ ...queue, readOnlyMode: true })) }
}

/** The page of the first expansion of a run. It leads to the images of the run. */
function runUrl(path: string, run: unknown): string {
  return `${path}/queue/${queueNames.runs}/${encodeURIComponent(`${run}-0`)}`
}

/** The folder of bull-board's files: next to the bundle, else in the installed package. */
function pages(): string {
  const bundled = fileURLToPath(new URL('./dashboard-ui', import.meta.url))
  if (existsSync(bundled)) return bundled
  return dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json'))
}
