import { describe, expect, it } from 'vitest'
import { queueAddress, requiredQueue, requiredRedis } from '../src/queue.js'
import { readQueueAccess } from '../src/queue-access.js'

describe('the queue of a command', () => {
  it('is the flag, else DIST_QUEUE, and may be absent', async () => {
    const env = { DIST_QUEUE: 'redis://b' }
    expect(await queueAddress({ queue: 'redis://a' }, env)).toEqual({ queue: 'redis://a' })
    expect(await queueAddress({}, env)).toEqual({ queue: 'redis://b' })
    expect(await queueAddress({}, { DIST_QUEUE: '', REDIS_URL: 'redis://other' })).toBeUndefined()
  })

  it('is a server with its token, which is no flag; a flag overrides both variables', async () => {
    const token = { DIST_TOKEN: 'secret' }
    const server = { server: 'https://a', token: 'secret' }
    expect(await queueAddress({ server: 'https://a' }, { ...token, DIST_QUEUE: 'redis://b' })).toEqual(server)
    expect(await queueAddress({}, { ...token, DIST_SERVER: 'https://a' })).toEqual(server)
    const queue = { queue: 'redis://b' }
    expect(await queueAddress(queue, { ...token, DIST_SERVER: 'https://a' })).toEqual(queue)
  })

  it('is refused where both a queue and a server are given', async () => {
    const both = { queue: 'redis://a', server: 'https://a' }
    await expect(queueAddress(both, {})).rejects.toThrow('--queue and --server exclude each other')
    const env = { DIST_QUEUE: 'redis://a', DIST_SERVER: 'https://a' }
    await expect(queueAddress({}, env)).rejects.toThrow('are both set')
  })

  it('is refused when it is required and absent', async () => {
    expect(await requiredQueue({ queue: 'redis://a' }, {})).toEqual({ queue: 'redis://a' })
    await expect(requiredQueue({}, {})).rejects.toThrow('give --queue redis://host:port or set DIST_QUEUE')
    expect(requiredRedis({}, { DIST_QUEUE: 'redis://a' })).toBe('redis://a')
    expect(() => requiredRedis({}, {})).toThrow('give --queue redis://host:port or set DIST_QUEUE')
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
