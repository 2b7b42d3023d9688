import { describe, expect, it } from 'vitest'
import { openQueue, queueUrl, requiredQueue } from '../src/queue.js'

describe('the queue of a client', () => {
  it('is what the setting says, before the environment, and may be none', () => {
    expect(queueUrl({ queue: 'redis://a' }, { DIST_QUEUE: 'redis://b' })).toBe('redis://a')
    expect(queueUrl({}, { DIST_QUEUE: 'redis://b' })).toBe('redis://b')
    expect(queueUrl({}, { DIST_QUEUE: '', REDIS_URL: 'redis://not-meant-for-this' })).toBeUndefined()
  })

  it('is asked for where it is needed', () => {
    expect(requiredQueue({ queue: 'redis://a' }, {})).toBe('redis://a')
    expect(() => requiredQueue({}, {})).toThrow('give --queue redis://host:port or set DIST_QUEUE')
  })

  it('is refused by name before anything is sent when a secret cannot be read', async () => {
    const env = { DIST_QUEUE_PASSWORD_FILE: '/nowhere/password' }
    await expect(openQueue('redis://127.0.0.1:1', env)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'DIST_QUEUE_PASSWORD_FILE: /nowhere/password cannot be read (ENOENT)',
    })
  })

  it('that nobody serves is UNAVAILABLE when its patience is over', { timeout: 30_000 }, async () => {
    await expect(openQueue('redis://127.0.0.1:1', {}, { patience: 300 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })
})
