import { openQueueControl } from '@dist/queue'
import { startRedis } from '@dist/testkit/servers'
import { DelayedError, type Job, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { forFile } from '../support/servers.js'

const redis = await forFile(startRedis())
const host = 'registry.test'
const hour = 3_600_000

it('a pause that is ended while a job is just being put to wait has this job go on, too', async () => {
  const connections: Redis[] = []
  const connect = () => {
    const connection = new Redis({ port: redis.port, maxRetriesPerRequest: null })
    connections.push(connection)
    return connection
  }
  const client = connect()
  const options = { connection: client, prefix: '{dist}' }
  const control = openQueueControl({ connect })
  const queue = new Queue('blobs', options)
  let released: Promise<number> | undefined
  let runs = 0
  // As a worker does it: the job notes its wait, and is delayed then.
  const work = async (job: Job, token?: string) => {
    if (++runs > 1) return
    const until = Date.now() + hour
    await client.zadd(`{dist}:host-waits:${host}`, until, `blobs ${job.id}`)
    released = control.release(host)
    await new Promise((resolve) => setTimeout(resolve, 200))
    await job.moveToDelayed(until, token)
    throw new DelayedError()
  }
  const worker = new Worker('blobs', work, { ...options, connection: connect() })
  try {
    const done = new Promise((resolve) => worker.once('completed', resolve))
    await queue.add('blob', {}, { jobId: 'a-job' })
    await done
    expect([await released, runs]).toEqual([1, 2])
    expect(await client.zcard(`{dist}:host-waits:${host}`)).toBe(0)
  } finally {
    await worker.close()
    await queue.close()
    for (const connection of connections) connection.disconnect()
  }
})
