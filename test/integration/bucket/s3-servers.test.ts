import { dockerImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { s3Credentials, startScriptedS3 } from '@dist/testkit/servers'
import { beforeEach, describe, expect, it } from 'vitest'
import { perTest, useRegistry } from '../support/servers.js'
import { pushMany } from '../support/services-queue.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const many = 12
/** A layer that is uploaded in two parts. */
const large = dockerImage({ layers: [seededLayer('two parts', 20 * 1024 * 1024)] })
const registry = useRegistry(async ({ url }) => {
  await pushMany(url, 'many', many)
  await pushImage(url, 'large', '1', large)
})
const workspace = useWorkspace()
const refs = () => Array.from({ length: many }, (_, i) => `${registry().host}/many/${i}:1`)

const server = perTest(() => startScriptedS3())

function dist(args: readonly string[], store = server().url('store')) {
  const env = {
    DIST_STORE: store,
    AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
  }
  return workspace().dist(args, { env })
}

const prefixesAsked = () =>
  server()
    .requests()
    .filter(({ method, query }) => method === 'GET' && query.has('uploads'))
    .map(({ query }) => query.get('prefix'))

describe('S22 a truncated list without a continuation token', () => {
  let stored: ReadonlyMap<string, Buffer> | undefined
  beforeEach(async () => {
    if (stored === undefined) expect(await dist(['pull', ...refs()])).toMatchObject({ code: 0 })
    for (const [key, content] of stored ?? []) server().objects.set(key, content)
    stored = new Map(server().objects)
    server().quirks.page = 5
  })

  it.each(['token', 'after'] as const)('is listed to its end (%s)', async (wayOn) => {
    server().quirks.wayOn = wayOn
    const images = await dist(['images', '--json'])
    expect(images.code).toBe(0)
    expect(jsonLines(images.stdout).map(({ name }) => name)).toEqual(refs().sort())
    expect(linesOf((await dist(['list', '-q'])).stdout)).toHaveLength(server().objects.size - many - 1)
    expect(await dist(['verify'])).toMatchObject({ code: 0 })
  })

  it.each(['nowhere', 'same'] as const)(
    'fails when it does not continue after a key either (%s)',
    async (wayOn) => {
      server().quirks.wayOn = wayOn
      for (const command of ['images', 'list', 'verify']) {
        const ended = await dist([command])
        expect({ command, code: ended.code }).toEqual({ command, code: 1 })
        expect(ended.stderr).toMatch(
          /^dist: [^\n]*s3:\/\/scripted\/store\/[^\n]*list failed[^\n]*there is more[^\n]*\n$/m,
        )
      }
    },
  )
})

describe('S22 sweep', () => {
  /** Old abandoned uploads with old parts; three of them are to one blob. */
  function leaveUploads(count: number): string[] {
    const ids = Array.from({ length: count }, (_, i) => `left-${String(i).padStart(2, '0')}`)
    for (const [i, id] of ids.entries()) {
      const hex = String(Math.floor(i / 3)).padStart(64, '0')
      const parts = new Map([1, 2, 3].map((number) => [number, Buffer.alloc(10)]))
      server().uploads.set(id, { key: `store/blobs/sha256/${hex}`, startedAt: new Date(0), parts })
    }
    return ids.map((id) => `upload:${id}`)
  }

  const elsewhere = { key: 'other/blobs/x', startedAt: new Date(0), parts: new Map() }

  beforeEach(() => {
    server().objects.set('store/dist.json', Buffer.from('{"id":"scripted"}'))
    server().uploads.set('elsewhere', elsewhere)
    server().quirks.page = 2
  })

  it.each(['token', 'after'] as const)('finds all uploads and all of their parts (%s)', async (wayOn) => {
    server().quirks.wayOn = wayOn
    const refs = leaveUploads(8)
    const ended = await dist(['sweep', '--older-than', '0', '--json'])
    expect(ended.code, ended.stderr).toBe(0)
    expect(jsonLines(ended.stdout)).toMatchObject(refs.map((ref) => ({ ref, size: 30 })))
    expect([...server().uploads.keys()]).toEqual(['elsewhere'])
  })

  it.each(['nowhere', 'same'] as const)(
    'ends when a list of uploads cannot be continued, and reports it (%s)',
    async (wayOn) => {
      server().quirks.wayOn = wayOn
      leaveUploads(8)
      const ended = await dist(['sweep', '--older-than', '0'])
      expect(ended.code).toBe(1)
      expect(ended.stderr).toMatch(/there is more/)
    },
  )

  it('lists without a prefix when the server matches whole keys only, and takes its own uploads', async () => {
    server().quirks.uploads = 'exact-or-all'
    const refs = leaveUploads(4)
    expect(jsonLines((await dist(['active', '--json'])).stdout).map(({ ref }) => ref)).toEqual(refs)
    expect(await dist(['abort', refs[0] ?? ''])).toMatchObject({ code: 0 })
    const ended = await dist(['sweep', '--older-than', '0'])
    expect(ended.code, ended.stderr).toBe(0)
    expect(linesOf(ended.stdout)).toEqual(refs.slice(1))
    expect([...server().uploads.keys()]).toEqual(['elsewhere'])
  })

  it.each(['exact', 'never'] as const)(
    'reports that a server shows no uploads (%s), and leaves none',
    async (uploads) => {
      server().quirks.uploads = uploads
      leaveUploads(2)
      const ended = await dist(['sweep', '--older-than', '0'])
      expect(ended).toMatchObject({ code: 0, stdout: '' })
      expect(ended.stderr).toMatch(
        /^dist: s3:\/\/scripted\/store: the server does not list uploads[^\n]*lifecycle rule[^\n]*\n$/,
      )
      expect(server().uploads.size).toBe(3)
    },
  )

  it('prints nothing without uploads, and ignores those of others', async () => {
    expect(await dist(['sweep'])).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(prefixesAsked().every((prefix) => prefix?.startsWith('store/'))).toBe(true)
    expect([...server().uploads.keys()]).toEqual(['elsewhere'])
  })
})

describe('S23', () => {
  it('an endpoint may have a path, and a bucket capitals and "_"', async () => {
    server().quirks.base = '/storage/v1/s3'
    const store = server().url('store', 'Team_Mirror.Old')
    const name = refs()[0] ?? ''
    expect(await dist(['pull', name, `${registry().host}/large:1`], store)).toMatchObject({ code: 0 })
    expect(linesOf((await dist(['images', '--json'], store)).stdout)).toHaveLength(2)
    expect((await dist(['path', large.descriptor.digest], store)).stdout).toContain(
      's3://Team_Mirror.Old/store/',
    )
    expect((await dist(['verify'], store)).code).toBe(0)
  })

  it('a bucket name that is no host name needs path-style, and is refused for Amazon S3', async () => {
    for (const store of ['s3://Team_Mirror/x', `${server().url('x', 'Team_Mirror')}&path-style=false`]) {
      const ended = await dist(['images'], store)
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toContain('path-style=true')
    }
  })

  it.each([
    [400, 'InvalidRequest'],
    [400, 'InvalidArgument'],
    [405, 'MethodNotAllowed'],
    [501, 'NotImplemented'],
  ])('a conditional put answered with %i (%s) is repeated without the condition', async (...refusal) => {
    server().quirks.conditional = refusal
    expect(await dist(['pull', ...refs().slice(0, 3)])).toMatchObject({ code: 0 })
    expect((await dist(['verify'])).code).toBe(0)
    const conditional = server()
      .requests()
      .filter(({ headers }) => headers['if-none-match'] !== undefined)
    expect(conditional.length).toBeLessThan(server().objects.size / 2)
  })

  it('an upload that the server loses starts again', async () => {
    let lost = 0
    server().quirks.fault = ({ query }) => {
      if (query.get('partNumber') !== '2' || lost++ > 0) return undefined
      server().uploads.clear()
      return [404, 'NoSuchUpload']
    }
    const ended = await dist(['pull', `${registry().host}/large:1`])
    expect(ended.code, ended.stderr).toBe(0)
    expect(lost).toBe(2)
    expect((await dist(['verify'])).code).toBe(0)
  })
})
