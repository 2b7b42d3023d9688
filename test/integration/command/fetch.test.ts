import { createHash } from 'node:crypto'
import { fixtureBlob, ociImage, pushImage, seededLayer, singleImage, tarLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { startScripted } from '../support/scripted.js'
import { useRegistry } from '../support/servers.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const large = seededLayer('large', 8_000_000)
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'app', '1.0', singleImage)
  await pushImage(url, 'large', '1.0', ociImage({ layers: [large, tarLayer([])] }))
})
const workspace = useWorkspace()
const remote = (repository = 'app') => `${registry().host}/${repository}`

it('writes the bytes of a manifest as they are, by tag and by digest', async () => {
  const byTag = await workspace().dist(['fetch', remote(), '1.0'])
  expect(byTag).toMatchObject({ code: 0, stderr: '' })
  expect(byTag.bytes.equals(singleImage.content)).toBe(true)
  const byDigest = await workspace().dist(['fetch', remote(), singleImage.descriptor.digest])
  expect(byDigest.bytes.equals(singleImage.content)).toBe(true)
})

it('writes a large blob whole', async () => {
  const { bytes, code } = await workspace().dist(['fetch', remote('large'), large.descriptor.digest])
  expect(code).toBe(0)
  expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(large.descriptor.digest)
})

it.each([
  ['nothing is known', [], ['manifests', 'blobs']],
  ['it is a blob', ['type:blob'], ['blobs']],
  ['its media type is that of a layer', ['mediatype:application/vnd.oci.image.layer.v1.tar+gzip'], ['blobs']],
  ['a wrong hint is given', ['type:manifest'], ['manifests', 'blobs']],
])('asks for a layer where it is most likely, none twice: %s', async (_, hints, endpoints) => {
  await registry().settled()
  registry().clearRequests()
  const { digest } = large.descriptor
  expect((await workspace().dist(['fetch', remote('large'), digest, ...hints])).code).toBe(0)
  await registry().settled()
  const paths = registry()
    .requests()
    .map(({ path }) => path)
  expect(paths).toEqual(endpoints.map((endpoint) => `/v2/large/${endpoint}/${digest}`))
})

it('--json tells media type, digest and size on stderr, and leaves stdout to the bytes', async () => {
  const { bytes, stderr } = await workspace().dist(['fetch', '--json', remote(), '1.0'])
  const { mediaType, digest, size } = singleImage.descriptor
  expect(bytes.equals(singleImage.content)).toBe(true)
  expect(jsonLines(stderr)).toEqual([{ object: '1.0', mediaType, digest, size }])
})

it('ends with 5 when the content is not that of the digest', async () => {
  const right = fixtureBlob('the content that was meant').descriptor
  await using liar = await startScripted((_, response) => response.end('the content that was sent!'))
  const ended = await workspace().dist(['fetch', `${liar.host}/app`, right.digest, 'type:blob'])
  expect(ended.code).toBe(5)
  expect(ended.stderr).toContain(right.digest)
  expect(ended.stderr.split('\n')).toHaveLength(2)
})

const stalling = () =>
  startScripted((_, response) => response.writeHead(200, { 'content-length': '10' }).write('12345'))
const { digest } = fixtureBlob('1234567890').descriptor

it.each([
  ['--timeout', ['--timeout', '300ms'], {}],
  ['--timeout before the variables', ['--timeout', '300ms'], { DIST_FETCH_TIMEOUT: '1h' }],
  ['DIST_FETCH_TIMEOUT', [], { DIST_FETCH_TIMEOUT: '300ms' }],
  ['CONTAINERD_FETCH_TIMEOUT', [], { CONTAINERD_FETCH_TIMEOUT: '300ms' }],
  [
    'DIST_FETCH_TIMEOUT before the other variable',
    [],
    { DIST_FETCH_TIMEOUT: '300ms', CONTAINERD_FETCH_TIMEOUT: '1h' },
  ],
])('gives up with 1 after the time of %s', async (_, options, env) => {
  await using stalled = await stalling()
  const args = ['fetch', ...options, `${stalled.host}/app`, digest, 'type:blob']
  const ended = await workspace().dist(args, { env })
  expect(ended.code).toBe(1)
  expect(ended.stderr).toBe(`dist: fetching ${digest} not done after 0.3s; allow more time with --timeout\n`)
})

it('a variable that is no duration is a usage error, before anything is asked', async () => {
  await using silent = await stalling()
  const args = ['fetch', `${silent.host}/app`, '1.0']
  const ended = await workspace().dist(args, { env: { DIST_FETCH_TIMEOUT: 'soon' } })
  expect(ended.code).toBe(2)
  expect(ended.stderr).toContain('DIST_FETCH_TIMEOUT')
  expect(silent.requests).toEqual([])
})

it('ends quietly when its reader has seen enough', async () => {
  const script = `dist fetch ${remote('large')} ${large.descriptor.digest} | head -c 3 | wc -c; echo "\${PIPESTATUS[0]}"`
  expect(await workspace().shell(script)).toMatchObject({ stdout: '3\n0\n', stderr: '' })
})
