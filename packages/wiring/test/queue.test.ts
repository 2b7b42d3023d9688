import { describe, expect, it } from 'vitest'
import { openQueue } from '../src/queue.js'

describe('the queue of a client', () => {
  it('is refused by name before anything is sent when a secret cannot be read', async () => {
    const env = { DIST_QUEUE_PASSWORD_FILE: '/nowhere/password' }
    await expect(openQueue('redis://127.0.0.1:1', env)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'DIST_QUEUE_PASSWORD_FILE: /nowhere/password cannot be read (ENOENT)',
    })
  })

  it('that nobody serves is UNAVAILABLE when its patience is over', { timeout: 30_000 }, async () => {
    await expect(openQueue('redis://127.0.0.1:1', {}, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })
})
