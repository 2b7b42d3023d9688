import { createHostLimiter, type HostLimiter } from '@dist/remotes'
import { faults, reply, startServer } from '@dist/testkit'
import { expect, test } from 'vitest'
import { connectionError } from '../src/http/errors.js'
import { client, putManifest, refTo, scripted, seededBlob, watched } from './support.js'

const failing = (code: string) => Object.assign(new Error('raw message'), { code })
const errorFor = (code: string) =>
  connectionError(failing(code), 'blob x of r.example/a/b', new URL('https://r.example/v2/?sig=secret'), {
    headers: 1000,
    body: 1000,
  })

test('an unknown host is UNAVAILABLE, naming the host', async () => {
  // Too long for a name: it fails before a name server is asked.
  const host = `${'x'.repeat(64)}.example`
  const resolving = client().resolve({ host, repository: 'a/b', tag: '1' })
  await expect(resolving).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, host })
  await expect(resolving).rejects.toThrow(`${host}/a/b:1: host ${host} is unknown; check its spelling`)
})

test('a refused connection is UNAVAILABLE, naming host and port', async () => {
  const gone = await startServer(() => reply(200))
  const { host } = gone
  await gone[Symbol.asyncDispose]()
  const resolving = client().resolve({ host, repository: 'a/b', tag: '1' })
  await expect(resolving).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await expect(resolving).rejects.toThrow(`${host} refuses the connection; check host and port`)
})

test.each([
  ['ENOTFOUND', 'UNAVAILABLE', true],
  ['CERT_HAS_EXPIRED', 'UNAVAILABLE', false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'UNAVAILABLE', false],
  ['EAI_AGAIN', 'UNAVAILABLE', true],
  ['ECONNREFUSED', 'UNAVAILABLE', true],
  ['ECONNRESET', 'UNAVAILABLE', true],
  ['EPIPE', 'UNAVAILABLE', true],
  ['ETIMEDOUT', 'UNAVAILABLE', true],
  ['UND_ERR_CONNECT_TIMEOUT', 'UNAVAILABLE', true],
  ['UND_ERR_HEADERS_TIMEOUT', 'UNAVAILABLE', true],
  ['UND_ERR_BODY_TIMEOUT', 'DEADLINE_EXCEEDED', true],
  ['UND_ERR_SOCKET', 'UNAVAILABLE', true],
  ['UND_ERR_HEADERS_OVERFLOW', 'MALFORMED', false],
])(
  '%s is %s, retryable: %s; the message names object and host and hides the query',
  (cause, code, retryable) => {
    const error = errorFor(cause)
    expect(error).toMatchObject({ code, retryable })
    expect(error.message).toMatch(/^blob x of r\.example\/a\/b: .*r\.example/)
    expect(error.message).not.toContain('secret')
  },
)

test.each([
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [429, 'RESOURCE_EXHAUSTED'],
  [451, 'PERMISSION_DENIED'],
  [500, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [501, 'NOT_IMPLEMENTED'],
  [418, 'MALFORMED'],
])('%i is %s', async (status, code) => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 10)
  registry.script({}, faults.status(status))
  const fetching = client({ retry: { attempts: 1 } })
    .fetcher(refTo(registry, 'a/b'))
    .fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code })
  await expect(fetching).rejects.toThrow(`blob ${desc.digest} of ${registry.host}/a/b: ${registry.host}`)
})

test("a registry's own words are in the message", async () => {
  const registry = await scripted()
  const resolving = client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
  await expect(resolving).rejects.toThrow('(MANIFEST_UNKNOWN: manifest unknown)')
})

test('R26 control characters and URLs in them are made harmless', async () => {
  const registry = await scripted()
  const message = 'see https://cdn.example/x?X-Amz-Signature=secret \u001b[2J\r\n\u202e gone'
  const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] })
  registry.script({}, faults.status(403, {}, body))
  const error = await client()
    .resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
    .catch((e) => e)
  expect(error.message).toContain('see https://cdn.example/x?…')
  expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]|secret/u)
})

test.each(['x', '<html>', '{"errors":'])('R26 an error body without end (%s) is cut off', async (start) => {
  const registry = await scripted()
  const body = start.padEnd(1024 * 1024, 'x')
  registry.script({}, async (request, proper) =>
    faults.endlessBody()(request, async () => {
      await proper()
      return reply(403, {}, body)
    }),
  )
  const { events, onRequest } = watched()
  const error = await client({ onRequest })
    .resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
    .catch((e) => e)
  expect(error).toMatchObject({ code: 'PERMISSION_DENIED' })
  expect(error.message.length).toBeLessThan(500)
  expect(events[0]?.received).toBeLessThan(1024 * 1024)
})

test.each(['{"errors":null}', '{"errors":[null,5,{"code":7}]}', 'null', '[]', '"x"', '\u0000\u0001'])(
  'R26 an error document of any shape (%j) does no harm',
  async (body) => {
    const registry = await scripted()
    registry.script({}, faults.status(403, {}, body))
    const resolving = client().resolve(refTo(registry, 'a/b:1'), { intent: 'manifest' })
    await expect(resolving).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  },
)

test('an answer that is not HTTP is MALFORMED', async () => {
  const registry = await scripted()
  registry.script({}, faults.rawAnswer('SSH-2.0-OpenSSH_9.2\r\n'))
  const resolving = client().resolve(refTo(registry, 'a/b:1'))
  await expect(resolving).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
  await expect(resolving).rejects.toThrow('answer is not HTTP')
})

test('each request is reported, with its URL redacted', async () => {
  const registry = await scripted({ blobHost: true })
  putManifest(registry)
  const { desc } = seededBlob(registry, 1000)
  const { events, onRequest } = watched()
  const registryClient = client({ onRequest })
  const fetched = await registryClient.fetcher(refTo(registry, 'a/b')).fetch(desc)
  for await (const _chunk of fetched.body);
  expect(events.map(({ method, status, received }) => [method, status, received])).toEqual([
    ['GET', 307, 0],
    ['GET', 200, 1000],
  ])
  expect(events[1]?.url).toBe(`${registry.blobHost?.url}/blobs/${desc.digest}?…`)
})

test.each([
  [500, 'MANIFEST_UNKNOWN', 'NOT_FOUND', 'does not have it (500)'],
  [403, 'NAME_UNKNOWN', 'NOT_FOUND', 'does not have it (403)'],
  [400, 'BLOB_UNKNOWN', 'NOT_FOUND', 'does not have it (400)'],
  [404, 'DENIED', 'PERMISSION_DENIED', 'denies access (404)'],
  [404, 'denied', 'PERMISSION_DENIED', 'denies access (404)'],
  [403, 'UNAUTHORIZED', 'UNAUTHENTICATED', 'requires a login (403)'],
  [400, 'UNSUPPORTED', 'NOT_IMPLEMENTED', 'answered 400'],
  [500, 'NAME_INVALID', 'MALFORMED', 'answered 500'],
  [503, 'UNAVAILABLE', 'UNAVAILABLE', 'failed (503)'],
  [404, 'SOMETHING_ELSE', 'NOT_FOUND', 'does not have it (404)'],
])('%i with the code %s is %s', async (status, answered, code, meaning) => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 10)
  const errors = [{ code: 'FIRST_OF_ITS_OWN' }, { code: answered, message: 'in its words' }]
  registry.script({}, faults.status(status, {}, JSON.stringify({ errors })))
  const fetching = client().fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code, retryable: code === 'UNAVAILABLE' })
  await expect(fetching).rejects.toThrow(`${meaning}`)
  await expect(fetching).rejects.toThrow(
    `${answered.toUpperCase() === answered ? answered : 'denied'}: in its words`,
  )
})

test.each([
  [403, 'TOOMANYREQUESTS'],
  [429, 'DENIED'],
])('R23 %i with the code %s is a host that limits requests', async (status, answered) => {
  const registry = await scripted()
  const { desc } = seededBlob(registry, 10)
  registry.script({}, faults.status(status, {}, JSON.stringify({ errors: [{ code: answered }] })))
  const pauses: string[] = []
  const own = createHostLimiter()
  const limiter: HostLimiter = {
    ...own,
    refused: async (host, ...rest) => {
      pauses.push(host)
      return own.refused(host, ...rest)
    },
  }
  const fetching = client({ limiter }).fetcher(refTo(registry, 'a/b')).fetch(desc)
  await expect(fetching).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: true })
  expect(pauses).toEqual([registry.host])
})
