import { describe, expect, it } from 'vitest'
import { queueUrl, readQueueAccess, requiredQueue } from '../src/queue.js'

describe('the queue of a command', () => {
  it('is the flag, else DIST_QUEUE, and may be absent', () => {
    expect(queueUrl({ queue: 'redis://a' }, { DIST_QUEUE: 'redis://b' })).toBe('redis://a')
    expect(queueUrl({}, { DIST_QUEUE: 'redis://b' })).toBe('redis://b')
    expect(queueUrl({}, { DIST_QUEUE: '', REDIS_URL: 'redis://other' })).toBeUndefined()
  })

  it('is refused when it is required and absent', () => {
    expect(requiredQueue({ queue: 'redis://a' }, {})).toBe('redis://a')
    expect(() => requiredQueue({}, {})).toThrow('give --queue redis://host:port or set DIST_QUEUE')
  })

  it('has the access settings of the services', async () => {
    const env = { DIST_QUEUE_USERNAME: 'ops', DIST_QUEUE_PASSWORD: ' secret ', DIST_QUEUE_CA_FILE: '/ca' }
    expect(await readQueueAccess({ ...env, DIST_WORKER_MEMORY: 'not read' })).toEqual({
      queueUsername: 'ops',
      queuePassword: ' secret ',
      queueCaFile: '/ca',
    })
    expect(await readQueueAccess({})).toEqual({})
  })
})
