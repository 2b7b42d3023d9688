import { describe, expect, it } from 'vitest'
import { openQueue } from '../src/queue.js'

describe('the queue of a command', () => {
  it('is refused before a connection when a secret cannot be read', async () => {
    const env = { DIST_QUEUE_PASSWORD_FILE: '/nowhere/password' }
    await expect(openQueue('redis://127.0.0.1:1', env)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'DIST_QUEUE_PASSWORD_FILE: /nowhere/password cannot be read (ENOENT)',
    })
  })

  it('is UNAVAILABLE after the timeout when nothing listens', { timeout: 30_000 }, async () => {
    await expect(openQueue('redis://127.0.0.1:1', {}, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })
})
