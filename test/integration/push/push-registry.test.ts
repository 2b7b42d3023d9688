import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { gather } from '@dist/content'
import { type Descriptor, digestOf, maxManifestSize, mediaTypes } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { createRegistry, type RegistryOptions } from '@dist/registry-client'
import type { Pusher } from '@dist/remotes'
import { fixtureBlob, ociImage, seededBuffer, seededLayer } from '@dist/testkit/fixtures'
import { registryUser, startRegistry } from '@dist/testkit/servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { forFile, forTest } from '../support/servers.js'

const run = promisify(execFile)
const MiB = 1024 * 1024

const registry = await forFile(startRegistry())

function client(options: RegistryOptions = {}) {
  const created = createRegistry(options)
  onTestFinished(() => created[Symbol.asyncDispose]())
  return created
}

const at = (repository: string, host = registry.host) => parseReference(`${host}/${repository}`)

function blobOf(content: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Descriptor {
  return {
    mediaType: mediaTypes.octetStream,
    digest: digestOf(content, algorithm),
    size: content.byteLength,
  }
}

async function push(pusher: Pusher, desc: Descriptor, chunks: Iterable<Uint8Array>) {
  await using writer = await pusher.ingester.writer('test', desc)
  for (const chunk of chunks) await writer.write(chunk)
  await writer.commit()
}

function* inChunks(content: Uint8Array, size = 64 * 1024) {
  for (let offset = 0; offset < content.byteLength; offset += size)
    yield Buffer.from(content.subarray(offset, offset + size))
}

/** The content at the registry, read by our fetcher. */
async function fetched(repository: string, desc: Descriptor): Promise<string> {
  const { body } = await client().fetcher(at(repository)).fetch(desc)
  const content = await gather(body, 64 * MiB, desc.digest)
  return digestOf(content, desc.digest.startsWith('sha512') ? 'sha512' : 'sha256')
}

async function requestsFor(repository: string): Promise<string[]> {
  await registry.settled()
  const own = registry.requests().filter(({ path }) => path.startsWith(`/v2/${repository}/`))
  return own.map(({ method, status }) => `${method} ${status}`)
}

describe('a docker-registry accepts blobs', () => {
  it.each([
    ['without content', new Uint8Array(), 'sha256'],
    ['small', seededBuffer('small', 1000), 'sha256'],
    ['of exactly what is gathered', seededBuffer('edge', 4 * MiB), 'sha256'],
    ['one byte larger', seededBuffer('edge', 4 * MiB + 1), 'sha256'],
    ['large', seededBuffer('large', 20 * MiB), 'sha256'],
    ['with sha512', seededBuffer('sha512', 5 * MiB), 'sha512'],
  ] as const)('%s', async (name, content, algorithm) => {
    const repository = `blobs/${name.replaceAll(' ', '-')}`
    const desc = blobOf(content, algorithm)
    const pusher = client().pusher(at(repository))
    expect(await pusher.has(desc)).toBe(false)
    await push(pusher, desc, inChunks(content))
    expect(await pusher.has(desc)).toBe(true)
    expect(await fetched(repository, desc)).toBe(desc.digest)
    expect(await requestsFor(repository)).toEqual(['HEAD 404', 'POST 202', 'PUT 201', 'HEAD 200', 'GET 200'])
  })

  it('in chunks, one after the other', async () => {
    const content = seededBuffer('chunked', 5 * MiB)
    const desc = blobOf(content)
    await push(client({ chunkSize: 2 * MiB }).pusher(at('chunked')), desc, inChunks(content, 700_000))
    expect(await fetched('chunked', desc)).toBe(desc.digest)
    const sent = ['PATCH 202', 'PATCH 202', 'PATCH 202', 'PUT 201']
    expect(await requestsFor('chunked')).toEqual(['HEAD 404', 'POST 202', ...sent, 'GET 200'])
  })

  it('from another of its repositories, without a transfer', async () => {
    const content = seededBuffer('mounted', 1000)
    const desc = blobOf(content)
    const registryClient = client()
    await push(registryClient.pusher(at('mount/from')), desc, [content])
    expect(await registryClient.pusher(at('mount/to')).mount(desc, 'mount/from')).toBe(true)
    expect(await fetched('mount/to', desc)).toBe(desc.digest)
    expect(await requestsFor('mount/to')).toEqual(['POST 201', 'GET 200'])
  })

  it('that it cannot mount through the upload that it opened instead', async () => {
    const content = seededBuffer('not mounted', 1000)
    const desc = blobOf(content)
    const pusher = client().pusher(at('mount/none'))
    expect(await pusher.has(desc)).toBe(false)
    expect(await pusher.mount(desc, 'mount/elsewhere')).toBe(false)
    await push(pusher, desc, [Buffer.from(content)])
    expect(await fetched('mount/none', desc)).toBe(desc.digest)
    expect(await requestsFor('mount/none')).toEqual(['HEAD 404', 'POST 202', 'PUT 201', 'GET 200'])
  })
})

it.each([
  ['gathered', 1000, {}],
  ['streamed', 12 * MiB, {}],
  ['chunked', 3 * MiB, { chunkSize: MiB }],
])('R10 content that does not verify leaves nothing behind (%s)', async (name, size, options) => {
  const content = seededBuffer('flipped', size)
  const desc = blobOf(content)
  content[size - 1] = (content[size - 1] ?? 0) ^ 1
  const pusher = client(options).pusher(at(`flipped/${name}`))
  await expect(push(pusher, desc, inChunks(content))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  expect(await pusher.has(desc)).toBe(false)
  expect(await pusher.has(blobOf(content))).toBe(false)
  // docker-registry removes an upload when its connection breaks: then the upload is not found.
  const requests = await requestsFor(`flipped/${name}`)
  expect(requests).not.toContain('PUT 201')
  if (name !== 'gathered') expect(requests.join()).toMatch(/DELETE (204|404)/)
})

it('an aborted write leaves nothing', async () => {
  const content = seededBuffer('given up', 12 * MiB)
  const desc = blobOf(content)
  const pusher = client().pusher(at('abort'))
  const writer = await pusher.ingester.writer('test', desc)
  await writer.write(content.subarray(0, 6 * MiB))
  await writer.abort()
  expect(await pusher.has(desc)).toBe(false)
  expect((await requestsFor('abort')).join()).toMatch(/DELETE (204|404)/)
})

it('a write that restarts at byte 0 sends the whole blob', async () => {
  const content = seededBuffer('again', 12 * MiB)
  const desc = blobOf(content)
  const pusher = client().pusher(at('again'))
  await using writer = await pusher.ingester.writer('test', desc)
  await writer.write(randomBytes(6 * MiB))
  await writer.restart()
  for (const chunk of inChunks(content)) await writer.write(chunk)
  await writer.commit()
  expect(await fetched('again', desc)).toBe(desc.digest)
})

async function pushImage(pusher: Pusher, image: ReturnType<typeof ociImage>, tag: string) {
  for (const { descriptor, open } of image.blobs) await push(pusher, descriptor, open())
  await pusher.put(image.descriptor, image.content, { tag })
}

const image = ociImage({ layers: [seededLayer('pushed', 6 * MiB), seededLayer('small', 1000)] })

it('an image that was pushed is read by skopeo, by tag and by digest', async () => {
  const pusher = client().pusher(at('image'))
  expect(await pusher.resolve('1')).toBeUndefined()
  await pushImage(pusher, image, '1')
  await pusher.put(image.descriptor, image.content)
  const { mediaType, digest, size } = image.descriptor
  expect(await pusher.resolve('1')).toEqual({ mediaType, digest, size })
  expect(await pusher.resolve(digest)).toEqual({ mediaType, digest, size })
  for (const name of ['image:1', `image@${digest}`]) {
    const reference = `docker://${registry.host}/${name}`
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', reference])
    expect(JSON.parse(stdout)).toMatchObject({ Digest: digest })
  }
})

it('an existing blob is not sent again', async () => {
  const content = seededBuffer('twice', 1000)
  const desc = blobOf(content)
  const pusher = client().pusher(at('twice'))
  await push(pusher, desc, [Buffer.from(content)])
  await expect(push(pusher, desc, [content])).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

it('a manifest without its blobs is refused with the registry’s message', async () => {
  const pusher = client().pusher(at('hollow'))
  const putting = pusher.put(image.descriptor, image.content, { tag: '1' })
  await expect(putting).rejects.toThrow(/MANIFEST_BLOB_UNKNOWN/)
})

it('the referrers tag lists every referrer once, also after concurrent pushes', async () => {
  const registryClient = client()
  const pusher = registryClient.pusher(at('referrers'))
  await pushImage(pusher, image, '1')
  const empty = fixtureBlob('{}', 'application/vnd.oci.empty.v1+json')
  await push(pusher, empty.descriptor, empty.open())
  const artifacts = ['a', 'b', 'c'].map((name) => {
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: `application/x-${name}`,
      config: empty.descriptor,
      layers: [empty.descriptor],
      subject: image.descriptor,
      annotations: { name },
    }
    return fixtureBlob(JSON.stringify(document), mediaTypes.ociManifest)
  })
  const puts = [...artifacts, ...artifacts].map(({ descriptor, open }) =>
    pusher.put(descriptor, Buffer.concat([...open()])),
  )
  await Promise.all(puts)
  const found = await registryClient.referrers(at('referrers'), image.descriptor.digest)
  expect(found.map(({ artifactType }) => artifactType).sort()).toEqual(
    ['a', 'b', 'c'].map((name) => `application/x-${name}`),
  )
  expect(found.map(({ annotations }) => annotations?.name).sort()).toEqual(['a', 'b', 'c'])
  const list = await pusher.resolve(image.descriptor.digest.replace(':', '-'))
  expect(list?.mediaType).toBe(mediaTypes.ociIndex)
  expect(list?.size).toBeLessThan(maxManifestSize)
})

it('an image of a missing repository has no referrers', async () => {
  expect(await client().referrers(at('nowhere'), image.descriptor.digest)).toEqual([])
})

it('a registry that needs a login gets it, and its message is shown without one', async () => {
  const guarded = await forTest(startRegistry({ auth: true }))
  const { name: username, password } = registryUser
  const known = client({ credentials: async () => ({ kind: 'password', username, password }) })
  const place = at('private/image', guarded.host)
  await pushImage(known.pusher(place), image, '1')
  expect(await known.pusher(place).resolve('1')).toMatchObject({ digest: image.descriptor.digest })
  const blob = blobOf(Buffer.from('x'))
  const pushing = push(client().pusher(place), blob, [Buffer.from('x')])
  await expect(pushing).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})
