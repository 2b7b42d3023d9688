import { faults, type ScriptedRegistry } from '@dist/testkit'
import { expect, test } from 'vitest'
import { held, MiB, push, pusherTo, sample, uploads } from './push-support.js'
import { client, putManifest, refTo, scripted } from './support.js'

const scopesAsked = (registry: ScriptedRegistry) =>
  registry.received({ path: '/token' }).map(({ query }) => query.getAll('scope'))

test('R7 a push requests exactly its own scope, once, apart from that of pulls', async () => {
  const registry = await scripted({ auth: {} })
  putManifest(registry)
  const registryClient = client()
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  const pusher = registryClient.pusher(refTo(registry, 'a/b'))
  const blobs = [1, 2, 3].map((size) => sample(size))
  await Promise.all(blobs.map((blob) => push(pusher, blob)))
  await push(pusher, sample(5 * MiB))
  await registryClient.resolve(refTo(registry, 'a/b:1'))
  expect(scopesAsked(registry)).toEqual([['repository:a/b:pull'], ['repository:a/b:pull,push']])
})

test('a mount requests the scope of its source as well, each scope by itself', async () => {
  const registry = await scripted({ auth: {} })
  const blob = sample(1000)
  registry.content.putBlob('from/here', blob.content)
  expect(await pusherTo(registry).mount(blob.desc, 'from/here')).toBe(true)
  expect(scopesAsked(registry)).toEqual([['repository:a/b:pull,push', 'repository:from/here:pull']])
})

test('an identity token is exchanged for several scopes with spaces between', async () => {
  const registry = await scripted({ auth: { identityToken: 'refresh' } })
  const blob = sample(1000)
  registry.content.putBlob('from/here', blob.content)
  const credentials = async () => ({ kind: 'identity', token: 'refresh' }) as const
  expect(await pusherTo(registry, { credentials }).mount(blob.desc, 'from/here')).toBe(true)
  const [request] = registry.received({ path: '/token' })
  const form = new URLSearchParams(request?.body)
  expect(form.getAll('scope')).toEqual(['repository:a/b:pull,push repository:from/here:pull'])
})

test('a mount that the token server refuses counts as refused; a push that it refuses is an error', async () => {
  const registry = await scripted({ auth: {} })
  registry.script({ path: '/token' }, faults.status(403))
  const pusher = pusherTo(registry)
  expect(await pusher.mount(sample(10).desc, 'from/here')).toBe(false)
  await expect(push(pusher, sample(10))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('R5 a token server that sends nonsense is an error of a push, and its body is not repeated', async () => {
  const registry = await scripted({ auth: {} })
  registry.script({ path: '/token' }, faults.status(200, {}, '<html>secret</html>'))
  const pushing = push(pusherTo(registry), sample(10))
  await expect(pushing).rejects.toMatchObject({ code: 'MALFORMED', retryable: false })
  await expect(pushing).rejects.not.toThrow(/secret/)
})

test('R8 a login that expired before a small blob was sent is renewed, and the blob sent again', async () => {
  const registry = await scripted({ auth: {} })
  registry.script({ method: 'POST' }, async (_request, proper) => {
    const answer = await proper()
    registry.revokeTokens()
    return answer
  })
  const blob = sample(1000)
  await push(pusherTo(registry), blob)
  expect(held(registry, blob)).toBeDefined()
  expect(registry.received({ method: 'PUT' }).map(({ status }) => status)).toEqual([401, 201])
  expect(scopesAsked(registry)).toHaveLength(2)
})

test('R8 a stream whose login has expired is not sent again: the next write succeeds', async () => {
  const registry = await scripted({ auth: {} })
  registry.script(
    { method: 'POST' },
    async (_request, proper) => {
      const answer = await proper()
      registry.revokeTokens()
      return answer
    },
    { times: 1 },
  )
  const pusher = pusherTo(registry)
  const blob = sample(5 * MiB)
  const pushing = push(pusher, blob)
  await expect(pushing).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await expect(pushing).rejects.toThrow(/login expired/)
  await push(pusher, blob)
  expect(held(registry, blob)).toBeDefined()
})

test('R8 a second 401 is fatal', async () => {
  const registry = await scripted({ auth: {} })
  const challenge = `Bearer realm="${registry.url}/token",service="scripted"`
  registry.script({ ...uploads, method: 'PUT' }, faults.status(401, { 'www-authenticate': challenge }))
  const pushing = push(pusherTo(registry), sample(1000))
  await expect(pushing).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
  expect(registry.received({ method: 'PUT' })).toHaveLength(2)
})

test('the error of a read-only registry contains the message of the registry', async () => {
  const registry = await scripted({ auth: {} })
  registry.script({ method: 'POST', path: '/uploads/' }, faults.status(403))
  const pushing = push(pusherTo(registry), sample(1000))
  await expect(pushing).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await expect(pushing).rejects.toThrow(/scripted fault/)
})
