import { once } from 'node:events'
import { createServer } from 'node:net'
import { checkServer, connectRedis } from '@dist/redis'
import {
  freePort,
  type RedisServer,
  type RedisServerOptions,
  startRedis,
  waitFor,
} from '@dist/testkit/servers'
import { afterEach, describe, expect, it } from 'vitest'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function server(options: RedisServerOptions = {}): Promise<RedisServer> {
  const started = await startRedis(options)
  cleanups.push(() => started.stop())
  return started
}

async function connect(...args: Parameters<typeof connectRedis>) {
  const redis = await connectRedis(...args)
  cleanups.push(() => redis.disconnect())
  return redis
}

/** The error of an attempt to connect. Expects that no message has the password. */
async function refusal(...args: Parameters<typeof connectRedis>) {
  const error = await connect(...args).then(
    () => undefined,
    (thrown: Error) => thrown,
  )
  for (let e: unknown = error; e instanceof Error; e = e.cause) expect(e.message).not.toContain('s3cret')
  return error
}

function urlOf({ url }: RedisServer, credentials: string): string {
  return url.replace('://', `://${credentials}@`)
}

describe('connecting to Redis', () => {
  it('connects without TLS: with no password, with a password, and as a user', async () => {
    const one = await server({ password: 's3cret', users: ['worker on >w0rk&r ~* +@all'] })
    for (const redis of [
      await connect(urlOf(one, ':s3cret')),
      await connect(one.url, { password: 's3cret' }),
      await connect(urlOf(one, 'worker:w0rk%26r')),
      await connect(urlOf(one, 'nobody:wrong'), { username: 'worker', password: 'w0rk&r' }),
    ])
      expect(await redis.ping()).toBe('PONG')
  })

  it('selects the database of the URL', async () => {
    const { url } = await server()
    await (await connect(`${url}/3`)).set('key', 'value')
    expect(await (await connect(url)).get('key')).toBeNull()
    expect(await (await connect(`${url}/3`)).get('key')).toBe('value')
  })

  it('connects by TLS with a private authority, by address and by name', async () => {
    const one = await server({ tls: true, password: 's3cret' })
    const options = { ca: one.ca?.pem ?? '', password: 's3cret' }
    expect(await (await connect(one.url, options)).ping()).toBe('PONG')
    expect(await (await connect(`rediss://localhost:${one.port}`, options)).ping()).toBe('PONG')
  })

  it('Q15 reports that a certificate is not trusted, not retryable', async () => {
    const [one, other] = [await server({ tls: true }), await server({ tls: true })]
    for (const options of [{}, { ca: other.ca?.pem ?? '' }])
      expect(await refusal(one.url, options)).toMatchObject({
        code: 'UNAVAILABLE',
        retryable: false,
        message: expect.stringMatching(new RegExp(`127.0.0.1:${one.port}.*not trusted.*authority`)),
      })
  })

  it('Q15 reports that a file is not a certificate', async () => {
    const { url } = await server({ tls: true })
    const broken = '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n'
    expect(await refusal(url, { ca: broken })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('PEM'),
    })
  })

  it('Q15 suggests TLS for a server with it, and none for a server without', async () => {
    const [plain, tls] = [await server(), await server({ tls: true })]
    expect(await refusal(`rediss://127.0.0.1:${plain.port}`, { connectTimeout: 300 })).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('does it speak TLS'),
    })
    expect(await refusal(`redis://127.0.0.1:${tls.port}`, { connectTimeout: 300 })).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('without TLS'),
    })
  })

  it.each([
    ['a wrong password', ':s3cret-not', 'user and password'],
    ['an unknown user', 'nobody:s3cret', 'user and password'],
    ['a user without a password', 'worker', 'password'],
    ['no password', '', 'password'],
  ])('Q15 reports that the login fails: %s', async (_, credentials, advice) => {
    const one = await server({ password: 'right', users: ['worker on >right ~* +@all'] })
    const url = credentials === '' ? one.url : urlOf(one, credentials)
    expect(await refusal(url)).toMatchObject({
      code: 'UNAUTHENTICATED',
      retryable: false,
      message: expect.stringMatching(new RegExp(`127.0.0.1:${one.port}.*${advice}`)),
    })
  })

  it('Q15 reports a refused connection, retryable', async () => {
    const port = await freePort()
    expect(await refusal(`redis://user:s3cret@127.0.0.77:${port}`)).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(new RegExp(`redis at 127.0.0.77:${port}.*ECONNREFUSED`)),
    })
  })

  it('Q15 gives up on a server that never answers', async () => {
    const port = await freePort()
    const silent = createServer(() => {}).listen(port, '127.0.0.1')
    cleanups.push(() => silent.close())
    await once(silent, 'listening')
    const url = `redis://127.0.0.1:${port}`
    expect(await refusal(url, { connectTimeout: 200 })).toMatchObject({ code: 'UNAVAILABLE' })
    const signal = AbortSignal.timeout(50)
    expect(await refusal(url, { signal })).toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  })

  it.each(['', '/1'])('Q17 refuses a node of a cluster, with advice (%s)', async (db) => {
    const { url, port } = await server({ clusterPort: await freePort() })
    expect(await refusal(`${url}${db}`)).toMatchObject({
      code: 'NOT_IMPLEMENTED',
      retryable: false,
      message: expect.stringMatching(
        new RegExp(`^redis at 127.0.0.1:${port}: .*node of a cluster: use a Redis that stands alone`),
      ),
    })
  })

  it('Q17 accepts a user without the right to INFO', async () => {
    const one = await server({ users: ['quiet on >right ~* +@all -info'] })
    expect(await (await connect(urlOf(one, 'quiet:right'))).ping()).toBe('PONG')
  })

  it('connects again after a restart, and reports the failures in between', async () => {
    const one = await server()
    const errors: { code: string }[] = []
    const redis = await connect(one.url, { onError: (error) => errors.push(error) })
    await one.kill()
    await waitFor(() => errors.length > 0, 'an error')
    expect(errors[0]).toMatchObject({ code: 'UNAVAILABLE' })
    const answer = redis.ping()
    await one.start()
    expect(await answer).toBe('PONG')
  })
})

describe('checking a Redis', () => {
  it('accepts a suitable server, and leaves no key', async () => {
    const redis = await connect((await server()).url)
    expect(await checkServer(redis)).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
    expect(await redis.keys('*')).toEqual([])
  })

  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('Q8 refuses the policy %s', async (policy) => {
    const { url, port } = await server({ policy, maxmemory: 64 * 1024 * 1024 })
    await expect(checkServer(await connect(url))).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
      retryable: false,
      message: expect.stringMatching(new RegExp(`127.0.0.1:${port}.*${policy}.*noeviction`)),
    })
  })

  it('accepts a user with only the needed rights', async () => {
    const rights = '~{dist}:* +@read +@write +@scripting +@connection +time +info -@dangerous +info'
    const one = await server({ users: [`worker on >right ${rights}`] })
    const redis = await connect(urlOf(one, 'worker:right'))
    expect(await checkServer(redis)).toMatchObject({ version: expect.any(String) })
  })

  it.each([
    ['reads only', '~* +@read +@connection +@scripting +info'],
    ['has other keys', '~other:* +@all'],
    ['may run no scripts', '~* +@all -@scripting'],
    ['may not ask for the time', '~* +@all -time'],
    ['may not read INFO', '~* +@all -info'],
  ])('Q15 refuses a user that %s', async (_, rights) => {
    const one = await server({ users: [`worker on >right ${rights}`] })
    const redis = await connect(urlOf(one, 'worker:right'))
    await expect(checkServer(redis)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      retryable: false,
      message: expect.stringContaining(`127.0.0.1:${one.port}`),
    })
  })

  it('Q6 refuses a replica that takes no writes', async () => {
    const redis = await connect((await server()).url)
    await redis.replicaof('127.0.0.1', '1')
    await expect(checkServer(redis)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('replica'),
    })
  })

  it('Q9 reports full memory', async () => {
    const redis = await connect((await server({ maxmemory: 1 })).url)
    await expect(checkServer(redis)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: true })
  })
})
