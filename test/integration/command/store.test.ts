import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  allContent,
  amd64Image,
  fixtureBlob,
  indexImage,
  sharedLayer,
  singleImage,
} from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { usePulledImages } from '../support/pulled-images.js'
import { jsonLines, linesOf } from '../support/workspace.js'

const { workspace, single, index, dist } = usePulledImages('--platform', 'linux/amd64')
const absent = fixtureBlob('nobody has it').descriptor.digest

const digestsOf = (image: Parameters<typeof allContent>[0]) =>
  allContent(image).map(({ descriptor }) => descriptor.digest)
const stored = [
  ...new Set([...digestsOf(singleImage), ...digestsOf(amd64Image), indexImage.descriptor.digest]),
].sort()

it('list shows digest, size and age; -q digests alone; --json all of it', async () => {
  expect(linesOf((await dist('list', '-q')).stdout).sort()).toEqual(stored)
  const [head, ...rows] = linesOf((await dist('list')).stdout)
  expect(head).toMatch(/^DIGEST +SIZE +AGE$/)
  expect(rows).toHaveLength(stored.length)
  for (const row of rows) expect(row).toMatch(/^sha256:[0-9a-f]{64} {2}[\d.]+ (B|[KM]iB) +[\d.]+s$/)
  const listed = jsonLines((await dist('list', '--json')).stdout)
  expect(listed).toContainEqual({
    digest: singleImage.descriptor.digest,
    size: singleImage.descriptor.size,
    committedAt: expect.stringMatching(/^\d{4}-/),
  })
})

it('path tells where content is, -n without the digest', async () => {
  const { digest } = singleImage.descriptor
  const { stdout } = await dist('path', '-n', digest)
  expect(readFileSync(stdout.trim()).equals(singleImage.content)).toBe(true)
  expect((await dist('path', digest)).stdout).toBe(`${digest} ${stdout}`)
  expect(jsonLines((await dist('path', '--json', digest)).stdout)).toEqual([{ digest, path: stdout.trim() }])
})

it('path with some that are not there tells the others and ends with 6', async () => {
  const ended = await dist('path', singleImage.descriptor.digest, absent)
  expect(ended.code).toBe(6)
  expect(linesOf(ended.stdout)).toHaveLength(1)
  expect(ended.stderr).toContain(absent)
  expect((await dist('path', absent)).code).toBe(3)
})

it('delete refuses what images need, names them and says how to force it', async () => {
  const { digest } = sharedLayer.descriptor
  const refused = await dist('delete', digest)
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain(`${digest}: not deleted`)
  expect(refused.stderr).toContain(index())
  expect(refused.stderr).not.toContain(single())
  expect(refused.stderr).toContain('--force')
  expect((await dist('list', '-q')).stdout).toContain(digest)
  expect(jsonLines((await dist('images', '--json')).stdout)).toHaveLength(2)
})

it('delete of all that is listed leaves the images whole', async () => {
  await workspace().dist(['ingest', 'loose'], { stdin: 'loose' })
  const ended = await workspace().shell('dist list -q | xargs dist delete')
  expect(ended.stdout).toBe(`${fixtureBlob('loose').descriptor.digest}\n`)
  expect(linesOf((await dist('list', '-q')).stdout).sort()).toEqual(stored)
  expect((await dist('verify')).code).toBe(0)
})

it('delete --force removes content, and first the names that need it', async () => {
  const { digest } = sharedLayer.descriptor
  const ended = await dist('delete', '--force', digest)
  expect(ended).toMatchObject({ code: 0, stdout: `${digest}\n` })
  expect(ended.stderr).toContain(`${index()}: no longer published`)
  expect(jsonLines((await dist('images', '--json')).stdout).map(({ name }) => name)).toEqual([single()])
  expect((await dist('list', '-q')).stdout).not.toContain(digest)
  expect((await dist('delete', digest)).code).toBe(3)
})

it('delete spares names that were pulled without what goes', async () => {
  const ended = await dist('delete', '--force', sharedLayer.descriptor.digest, absent)
  expect(ended.code).toBe(6)
  expect(ended.stderr).not.toContain(`${single()} is`)
})

it('images --needs lists only images that need a layer, a manifest or a configuration', async () => {
  const needing = async (digest: string) => (await dist('images', '-q', '--needs', digest)).stdout
  const own = digestsOf(singleImage).find((digest) => !digestsOf(amd64Image).includes(digest)) ?? ''
  expect(await needing(own)).toBe(`${single()}\n`)
  expect(await needing(amd64Image.descriptor.digest)).toBe(`${index()}\n`)
  expect(await needing(absent)).toBe('')
  expect(await dist('images', '--needs', 'latest')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('latest'),
  })
})

it('images shows names, types, digests, sizes of whole images and platforms', async () => {
  const [head, ...rows] = linesOf((await dist('images')).stdout)
  expect(head).toMatch(/^REF +TYPE +DIGEST +SIZE +PLATFORMS$/)
  expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
    [index(), 'OCI index', indexImage.descriptor.digest, expect.any(String), 'linux/amd64'],
    [single(), 'OCI manifest', singleImage.descriptor.digest, '1.4 MiB', 'linux/amd64'],
  ])
  const size = allContent(singleImage).reduce((sum, { descriptor }) => sum + descriptor.size, 0)
  const listed = jsonLines((await dist('images', '--json')).stdout)
  expect(listed[1]).toEqual({
    name: single(),
    mediaType: singleImage.descriptor.mediaType,
    digest: singleImage.descriptor.digest,
    size,
    platforms: ['linux/amd64'],
    missing: [],
  })
})

it('images rm removes names, and leaves the content', async () => {
  expect(await dist('images', 'rm', single())).toMatchObject({ code: 0, stdout: `${single()}\n` })
  expect((await dist('images')).stdout).not.toContain(single())
  expect(linesOf((await dist('list', '-q')).stdout).sort()).toEqual(stored)
  const ended = await dist('images', 'rm', '--json', single(), index())
  expect(ended.code).toBe(6)
  expect(jsonLines(ended.stdout)).toEqual([
    { name: single(), code: 'NOT_FOUND', error: expect.stringContaining(': not in the store') },
    { name: index(), digest: indexImage.descriptor.digest },
  ])
})

it('tag gives a further name, written as short as docker’s users do', async () => {
  const { digest } = singleImage.descriptor
  const ended = await dist('tag', single(), 'mine')
  expect(ended).toMatchObject({ code: 0, stdout: `docker.io/library/mine:latest ${digest}\n` })
  expect((await dist('inspect', 'mine')).code).toBe(0)
  expect((await dist('tag', 'other', 'mine')).code).toBe(3)
  expect((await dist('tag', 'mine', `mine@${absent}`)).code).toBe(2)
})

it('inspect draws the tree, and says what is stored', async () => {
  const lines = linesOf((await dist('inspect', index())).stdout)
  expect(lines[0]).toBe(index())
  const part = (digest: string) => lines.find((line) => line.includes(digest))
  expect(part(indexImage.descriptor.digest)).toMatch(/^└─ index .* stored$/)
  expect(part(amd64Image.descriptor.digest)).toMatch(/^ {3}├─ manifest {2}linux\/amd64 .* stored$/)
  expect(part(sharedLayer.descriptor.digest)).toMatch(/^ {3}│ {2}└─ layer .* stored$/)
  expect(lines.at(-1)).toMatch(/^ {3}└─ manifest {2}linux\/arm64 .* not selected$/)
})

it('inspect tells what is missing, also in JSON', async () => {
  const [, layer] = singleImage.blobs
  const path = (await dist('path', '-n', layer?.descriptor.digest ?? '')).stdout.trim()
  expect((await workspace().shell(`rm ${path}`)).code).toBe(0)
  expect((await dist('inspect', single())).stdout).toMatch(/layer .* missing\n/)
  const script = `dist inspect --json ${single()} | jq -r '.children[] | select(.present | not) | .digest'`
  expect((await workspace().shell(script)).stdout).toBe(`${layer?.descriptor.digest}\n`)
  expect((await dist('images')).stderr).toContain(`${single()}: incomplete`)
})

it('names that other tools wrote are found as they are', async () => {
  const file = join(workspace().store, 'index.json')
  const document = JSON.parse(readFileSync(file, 'utf8'))
  const { mediaType, digest, size } = singleImage.descriptor
  const annotations = { 'org.opencontainers.image.ref.name': 'Not A Reference' }
  document.manifests.push({ mediaType, digest, size, annotations })
  writeFileSync(file, JSON.stringify(document))
  expect((await dist('images')).stdout).toContain('Not A Reference')
  expect((await dist('inspect', 'Not A Reference')).stdout).toContain(digest)
  expect((await dist('tag', 'Not A Reference', 'proper:1')).code).toBe(0)
  expect((await dist('images', 'rm', 'Not A Reference')).code).toBe(0)
})

const readers = [
  ['list', '-q'],
  ['images', '--json'],
  ['images', '-q'],
  ['active', '--json'],
  ['sweep'],
  ['verify', '--json'],
  ['inspect', 'alpine'],
  ['tag', 'alpine', 'mine'],
  ['images', 'rm', 'alpine'],
  ['export', 'alpine'],
  ['export', '--all'],
  ['push', 'alpine', '127.0.0.1:1/x:1'],
  ['path', absent],
  ['delete', absent],
  ['abort', 'write'],
  ['apply', '--layer', absent, 'rootfs'],
  ['unpack', 'alpine'],
  ['bundle', 'alpine', 'bundle'],
]

it.each(readers)(
  '%s: a store that was named and is not there is 3, said once, and is not made',
  async (...args) => {
    const elsewhere = join(workspace().root, 'nowhere')
    const ended = await dist(...args, '--store', elsewhere)
    expect(ended).toMatchObject({ code: 3, stdout: '' })
    // One line, of text or with --json an object.
    expect(linesOf(ended.stderr)).toEqual([
      expect.stringContaining(
        `no store at ${elsewhere} (--store): check the name; dist pull, mirror, import and ingest create a store`,
      ),
    ])
    expect(existsSync(elsewhere)).toBe(false)
  },
)

it('a store that a variable names and that is not there is 3, and is not made', async () => {
  const env = { DIST_STORE: join(workspace().root, 'nowhere') }
  const ended = await workspace().dist(['images'], { env })
  expect(ended).toMatchObject({ code: 3, stdout: '' })
  expect(ended.stderr).toContain(`no store at ${env.DIST_STORE} (DIST_STORE)`)
  expect(existsSync(env.DIST_STORE)).toBe(false)
})

it('the default store that is not there yet is empty, and is not made by reading', async () => {
  const env = { DIST_STORE: '', XDG_DATA_HOME: join(workspace().root, 'data') }
  for (const args of [['list', '-q'], ['images', '--json'], ['active', '--json'], ['sweep']])
    expect(await workspace().dist(args, { env }), args.join(' ')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    })
  const verified = await workspace().dist(['verify'], { env })
  expect(verified).toMatchObject({ code: 0, stdout: '0 objects (0 B) verified, 0 bad\n' })
  expect((await workspace().dist(['inspect', 'alpine'], { env })).code).toBe(3)
  expect(existsSync(env.XDG_DATA_HOME)).toBe(false)
})

it.each(['gs://bucket/x', 'file:///srv/x', 's3:/bucket/x'])(
  'a store at %s is refused with 2, and becomes no folder',
  async (store) => {
    for (const args of [['images'], ['pull', single()]]) {
      const ended = await dist(...args, '--store', store)
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toMatch(/^dist: unknown kind of store [^\n]+\n$/)
    }
    expect((await workspace().shell('ls -d *:*')).code).toBe(2)
  },
)

it('a bucket without a region says so, and how to give it', async () => {
  const env = {
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: '',
    AWS_DEFAULT_REGION: '',
  }
  const ended = await workspace().dist(['images', '--store', 's3://bucket/x'], { env })
  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(ended.stderr).toMatch(
    /^dist: s3:\/\/bucket: no region [^\n]*\?region=[^\n]*AWS_REGION[^\n]*\?endpoint=[^\n]*\n$/,
  )
})
