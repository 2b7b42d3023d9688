import { queueNames } from '@dist/queue'
import { waitFor } from '@dist/testkit/servers'
import { Queue } from 'bullmq'
import { expect, it } from 'vitest'
import { startService } from '../support/services.js'
import { useRedis } from '../support/services-queue.js'
import { useWorkspace } from '../support/workspace.js'

const redis = useRedis()
const workspace = useWorkspace()

it.each([
  ['coordinator', queueNames.schedules],
  ['coordinator', queueNames.runs],
  ['coordinator', queueNames.images],
  ['worker', queueNames.blobs],
] as const)(
  'a %s hands back a job of a newer version in the queue %s, and says so',
  async (service, name) => {
    const { port, url } = redis()
    const queue = new Queue(name, { connection: { host: '127.0.0.1', port }, prefix: '{dist}' })
    try {
      const job = await queue.add(
        'newer',
        { v: 99, what: 'of a later version' },
        { jobId: 'newer-1', attempts: 1 },
      )
      const started = startService(workspace(), service, { env: { DIST_QUEUE: url } })
      const line = await started.logged('the queue reports an error')
      expect(line.error).toMatchObject({
        code: 'NOT_IMPLEMENTED',
        message: expect.stringContaining('job newer-1 has version 99'),
      })
      await waitFor(async () => (await job.getState()) === 'delayed', 'the delay of the job')
      expect((await queue.getJob('newer-1'))?.attemptsMade).toBe(0)
    } finally {
      await queue.close()
    }
  },
)
