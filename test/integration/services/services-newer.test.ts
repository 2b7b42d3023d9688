import { queueNames } from '@dist/queue'
import { waitFor } from '@dist/testkit/servers'
import { Queue } from 'bullmq'
import { expect, it, onTestFinished } from 'vitest'
import { startService } from '../support/services.js'
import { useRedis } from '../support/services-queue.js'
import { useWorkspace } from '../support/workspace.js'

const redis = useRedis()
const workspace = useWorkspace()

it.each([
  ['coordinator', [queueNames.schedules, queueNames.runs, queueNames.images]],
  ['worker', [queueNames.blobs]],
] as const)(
  'a %s hands back jobs of a newer version in the queues %j, and says so',
  async (service, names) => {
    const { port, url } = redis()
    const data = { v: 99, what: 'of a later version' }
    const queues = names.map((name) => {
      const queue = new Queue(name, { connection: { host: '127.0.0.1', port }, prefix: '{dist}' })
      onTestFinished(() => queue.close())
      return { name, queue, id: `newer-${name}` }
    })
    for (const { queue, id } of queues) await queue.add('newer', data, { jobId: id, attempts: 1 })
    const started = startService(workspace(), service, { env: { DIST_QUEUE: url } })
    for (const { queue, id } of queues) {
      const error = { code: 'NOT_IMPLEMENTED', message: expect.stringContaining(`job ${id} has version 99`) }
      const line = expect.objectContaining({
        msg: 'the queue reports an error',
        error: expect.objectContaining(error),
      })
      await expect.poll(() => started.lines(), { timeout: 30_000 }).toContainEqual(line)
      const state = async () => (await queue.getJob(id))?.getState()
      await waitFor(async () => (await state()) === 'delayed', 'the delay of the job', 30_000)
      expect((await queue.getJob(id))?.attemptsMade).toBe(0)
    }
  },
)
