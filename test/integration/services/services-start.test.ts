import { freePort, type RedisServer, type RedisServerOptions, startRedis } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { describe, expect, it } from 'vitest'
import { refusalOf, startService } from '../support/services.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

async function withRedis(options: RedisServerOptions, test: (redis: RedisServer) => Promise<void>) {
  const redis = await startRedis(options)
  try {
    await test(redis)
  } finally {
    await redis.stop()
  }
}

it('Q17 a command does not ask a node of a cluster', async () =>
  withRedis({ clusterPort: await freePort() }, async ({ url }) => {
    for (const args of [['runs'], ['mirror', '--detach', 'alpine']]) {
      const ended = await workspace().dist([...args, '--queue', url])
      expect(ended).toMatchObject({ code: 1, stdout: '' })
      expect(ended.stderr).toMatch(/^dist: redis at [^\n]*node of a cluster[^\n]*stands alone[^\n]*\n$/)
    }
  }))

describe('a service does not start, and says why,', () => {
  it.each(['coordinator', 'worker'] as const)('Q8 where Redis may evict: %s', (name) =>
    withRedis({ policy: 'allkeys-lru' }, async ({ url, port }) => {
      const { code, error } = await refusalOf(startService(workspace(), name, { args: ['--queue', url] }))
      expect(code).toBe(1)
      expect(error.message).toBe(
        `redis at 127.0.0.1:${port}: its maxmemory-policy is allkeys-lru, which loses jobs: set it to noeviction`,
      )
    }),
  )

  it.each(['coordinator', 'worker', 'dashboard'] as const)(
    'Q17 where Redis is a node of a cluster: %s',
    async (name) =>
      withRedis({ clusterPort: await freePort() }, async ({ url, port }) => {
        const { code, error } = await refusalOf(startService(workspace(), name, { args: ['--queue', url] }))
        expect(code).toBe(1)
        expect(error).toMatchObject({
          code: 'NOT_IMPLEMENTED',
          message: `redis at 127.0.0.1:${port}: it is a node of a cluster: use a Redis that stands alone (cluster-enabled no)`,
        })
      }),
  )

  it('Q15 where Redis does not know its password, which it never repeats', () =>
    withRedis({ password: 'right' }, async ({ url }) => {
      const env = { DIST_QUEUE: url.replace('//', '//:hunter2@') }
      const service = startService(workspace(), 'worker', { env })
      const { code, error } = await refusalOf(service)
      expect(code).toBe(1)
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED' })
      expect(error.message).toContain('check user and password')
      expect(service.running.stdout() + service.running.stderr()).not.toContain('hunter2')
    }))

  it('Q15 where its user may not write', () =>
    withRedis({ users: ['reader on >secret ~* +@read +@connection +info'] }, async ({ url }) => {
      const env = { DIST_QUEUE: url, DIST_QUEUE_USERNAME: 'reader', DIST_QUEUE_PASSWORD: 'secret' }
      const { code, error } = await refusalOf(startService(workspace(), 'coordinator', { env }))
      expect(code).toBe(1)
      expect(error).toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('grant') })
    }))

  it('Q15 where its user may not use transactions', () =>
    withRedis({ users: ['dist on >secret ~* +@all -@transaction'] }, async ({ url }) => {
      const env = { DIST_QUEUE: url, DIST_QUEUE_USERNAME: 'dist', DIST_QUEUE_PASSWORD: 'secret' }
      const { error } = await refusalOf(startService(workspace(), 'worker', { env }))
      expect(error).toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining('+@transaction'),
      })
    }))

  it('Q15 but does with the rights that docs/operations.md names, on its own keys alone', () =>
    withRedis(
      {
        users: [
          'default off',
          'dist on >secret resetkeys ~{dist}* resetchannels -@all +@read +@write +@scripting +@transaction +@connection +time +info',
        ],
      },
      async ({ url }) => {
        const env = { DIST_QUEUE: url, DIST_QUEUE_USERNAME: 'dist', DIST_QUEUE_PASSWORD: 'secret' }
        const coordinator = startService(workspace(), 'coordinator', { env })
        const worker = startService(workspace(), 'worker', { env })
        for (const service of [coordinator, worker]) {
          await service.logged('ready')
          expect((await fetch(`${await service.url()}/readyz`)).status).toBe(200)
        }
        await using queue = await openQueue(url, env)
        await queue.runs.submit({ references: ['not a reference'], platforms: 'all' })
        await coordinator.logged('run failed')
        const denied = [coordinator, worker]
          .flatMap(({ lines }) => lines())
          .filter(({ level }) => level === 'error')
        expect(denied).toEqual([])
      },
    ))

  it('Q15 where the certificate of Redis is not trusted, and does with its authority', () =>
    withRedis({ tls: true }, async ({ url, ca }) => {
      const refused = startService(workspace(), 'worker', { env: { DIST_QUEUE: url } })
      const { code, error } = await refusalOf(refused)
      expect(code).toBe(1)
      expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('not trusted') })
      const env = { DIST_QUEUE: url, DIST_QUEUE_CA_FILE: ca?.file ?? '' }
      await startService(workspace(), 'worker', { env }).logged('ready')
    }))

  it('where the services of the queue have another store', () =>
    withRedis({}, async ({ url }) => {
      await startService(workspace(), 'coordinator', { args: ['--queue', url] }).logged('ready')
      const args = ['--queue', url, '--store', `${workspace().root}/other`]
      const { code, error } = await refusalOf(startService(workspace(), 'worker', { args }))
      expect(code).toBe(2)
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('store') })
    }))

  it('where the store cannot be written', () =>
    withRedis({}, async ({ url }) => {
      const file = workspace().file('a-file', '')
      const args = ['--queue', url, '--store', `${file}/store`]
      const { code, error } = await refusalOf(startService(workspace(), 'worker', { args }))
      expect(code).not.toBe(0)
      expect(error.message).toContain(`${file}/store`)
    }))

  it('where a setting cannot be right', async () => {
    const env = { DIST_WORKER_MEMORY: 'lots' }
    const { code, error } = await refusalOf(startService(workspace(), 'worker', { env }))
    expect(code).toBe(2)
    expect(error.message).toContain('DIST_WORKER_MEMORY')
  })

  it.each(['coordinator', 'worker'] as const)(
    'where a file of registries has a mistake, also while Redis is away: %s',
    async (name) => {
      const file = workspace().file('registries.conf', '[[registry]]\nprefix = 1\n')
      const args = ['--queue', `redis://127.0.0.1:${await freePort()}`, '--registries-conf', file]
      const { code, error } = await refusalOf(startService(workspace(), name, { args }))
      expect(code).toBe(2)
      expect(error.message).toContain(file)
    },
  )
})
