import { digestOf, mediaTypes } from '@dist/oci'
import { expect, onTestFinished, test } from 'vitest'
import { faults, type ScriptedRegistryOptions, startRegistry } from '../../src/index.js'

async function started(options: ScriptedRegistryOptions = {}) {
  const registry = await startRegistry(options)
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

const content = '0123456789'
const digest = digestOf(content)

async function opened(url: string, repository = 'a/b'): Promise<string> {
  const answer = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' })
  expect(answer.status).toBe(202)
  return url + answer.headers.get('location')
}

test('a blob is taken in by POST and PUT, and served', async () => {
  const registry = await started()
  const location = await opened(registry.url)
  expect(registry.uploads.open).toBe(1)
  const answer = await fetch(`${location}&digest=${digest}`, { method: 'PUT', body: content })
  expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([201, digest])
  expect(registry.uploads.open).toBe(0)
  expect(await (await fetch(`${registry.url}/v2/a/b/blobs/${digest}`)).text()).toBe(content)
  expect(registry.requests[1]).toMatchObject({ bodySize: 10 })
})

test('content of another digest is refused, and becomes no blob', async () => {
  const registry = await started()
  const location = await opened(registry.url)
  const answer = await fetch(`${location}&digest=${digest}`, { method: 'PUT', body: 'else' })
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('DIGEST_INVALID')])
  expect(registry.content.blob(digest)).toBeUndefined()
})

test('chunks are accepted in their order only, and the answer gives their end', async () => {
  const registry = await started({ minChunk: 4 })
  const location = await opened(registry.url)
  const patch = (body: string, range: string) =>
    fetch(location, { method: 'PATCH', body, headers: { 'content-range': range } })
  const first = await patch('01234', '0-4')
  expect([first.status, first.headers.get('range')]).toEqual([202, '0-4'])
  expect(first.headers.get('oci-chunk-min-length')).toBe('4')
  expect((await patch('789', '7-9')).status).toBe(416)
  expect((await fetch(location)).headers.get('range')).toBe('0-4')
  await patch('56789', '5-9')
  expect((await fetch(`${location}&digest=${digest}`, { method: 'PUT' })).status).toBe(201)
})

test('a cancelled upload, and another repository’s, is unknown', async () => {
  const registry = await started()
  const location = await opened(registry.url)
  const elsewhere = location.replace('/a/b/', '/c/d/')
  expect((await fetch(elsewhere)).status).toBe(404)
  expect((await fetch(location, { method: 'DELETE' })).status).toBe(204)
  expect((await fetch(location)).status).toBe(404)
})

test('a blob is mounted from where it is; otherwise, and where that is switched off, an upload is opened', async () => {
  for (const [options, from, status] of [
    [{}, 'from/here', 201],
    [{}, 'from/nowhere', 202],
    [{ mounts: false }, 'from/here', 202],
  ] as const) {
    const registry = await started(options)
    registry.content.putBlob('from/here', content)
    const url = `${registry.url}/v2/a/b/blobs/uploads/?mount=${digest}&from=${from}`
    expect((await fetch(url, { method: 'POST' })).status).toBe(status)
    expect(registry.content.find('a/b', 'blobs', digest) !== undefined).toBe(status === 201)
  }
})

test('a manifest is taken in by tag and by digest, and listed for its subject page by page', async () => {
  const registry = await started({ referrers: 1 })
  const subject = { mediaType: mediaTypes.ociManifest, digest, size: 10 }
  for (const name of ['x', 'y']) {
    const body = JSON.stringify({ subject, artifactType: name })
    const put = (object: string) =>
      fetch(`${registry.url}/v2/a/b/manifests/${object}`, {
        method: 'PUT',
        body,
        headers: { 'content-type': mediaTypes.ociManifest },
      })
    const answer = await put(name)
    expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, digest])
    expect((await put(digestOf(body))).status).toBe(201)
    expect((await put(digestOf('else'))).status).toBe(400)
  }
  const list = await fetch(`${registry.url}/v2/a/b/referrers/${digest}`)
  const { manifests } = (await list.json()) as { manifests: object[] }
  expect(manifests).toMatchObject([{ artifactType: 'x' }])
  expect(list.headers.get('link')).toBe(`</v2/a/b/referrers/${digest}?from=1>; rel="next"`)
  const without = await started()
  expect((await fetch(`${without.url}/v2/a/b/referrers/${digest}`)).status).toBe(404)
})

test('tokens for pulls do not count for pushes', async () => {
  const registry = await started({ auth: {} })
  const post = async (scope: string, query = '') => {
    const asked = await fetch(`${registry.url}/token?${scope}`)
    const { token } = (await asked.json()) as { token: string }
    const headers = { authorization: `Bearer ${token}` }
    return fetch(`${registry.url}/v2/a/b/blobs/uploads/${query}`, { method: 'POST', headers })
  }
  const refused = await post('scope=repository:a/b:pull')
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toContain('scope="repository:a/b:pull,push"')
  expect((await post('scope=repository:a/b:pull,push')).status).toBe(202)
  const mount = `?mount=${digest}&from=c/d`
  expect((await post('scope=repository:a/b:pull,push', mount)).status).toBe(401)
  const both = 'scope=repository:a/b:pull,push&scope=repository:c/d:pull'
  expect((await post(both, mount)).status).toBe(202)
})

test('a fault can be played before the body has been read', async () => {
  const registry = await started()
  const location = await opened(registry.url)
  registry.script({ method: 'PUT' }, faults.status(413), { early: true })
  expect((await fetch(location, { method: 'PUT', body: content })).status).toBe(413)
  expect(registry.requests.at(-1)?.bodySize).toBeUndefined()
})
