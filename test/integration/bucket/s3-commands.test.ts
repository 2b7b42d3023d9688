import { openS3Store, parseS3Url } from '@dist/content-s3'
import {
  amd64Image,
  arm64Image,
  fixtureBlob,
  indexImage,
  pushImage,
  seededBuffer,
  singleImage,
} from '@dist/testkit/fixtures'
import { freePort, waitFor } from '@dist/testkit/servers'
import { beforeEach, expect, it } from 'vitest'
import { sharedGateway, useRegistry } from '../support/servers.js'
import { pushMany } from '../support/services-queue.js'
import { jsonLines, linesOf, useWorkspace } from '../support/workspace.js'

const many = 60
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushMany(url, 'many', many)
})
const workspace = useWorkspace()
const gateway = await sharedGateway()

let prefixes = 0
let store = ''
beforeEach(() => {
  store = gateway.url(`commands/${++prefixes}`)
})

const env = () => ({ ...gateway.env, DIST_STORE: store })
const dist = (args: readonly string[], stdin: string | Uint8Array = '') =>
  workspace().dist(args, { env: env(), stdin })
const ref = (name: string) => `${registry().host}/${name}`
const { digest } = singleImage.descriptor

it('pull and images, inspect, tag, path, list, delete', async () => {
  expect(await dist(['pull', '--all-platforms', ref('index:1'), ref('single:1')])).toMatchObject({ code: 0 })
  const images = jsonLines((await dist(['images', '--json'])).stdout)
  expect(images).toMatchObject([
    { name: ref('index:1'), platforms: ['linux/amd64', 'linux/arm64'], missing: [] },
    { name: ref('single:1'), digest, missing: [] },
  ])
  expect((await dist(['inspect', ref('single:1')])).stdout).toMatch(/stored/)
  expect(await dist(['tag', ref('single:1'), 'again:2'])).toMatchObject({
    code: 0,
    stdout: `docker.io/library/again:2 ${digest}\n`,
  })
  const key = `blobs/${digest.replace(':', '/')}`
  expect((await dist(['path', digest])).stdout).toBe(
    `${digest} s3://${gateway.bucket}/commands/${prefixes}/${key}\n`,
  )
  const listed = linesOf((await dist(['list', '-q'])).stdout)
  expect(listed).toContain(digest)
  const refused = await dist(['delete', digest])
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain(ref('single:1'))
  const deleted = await dist(['delete', '--force', digest])
  expect(deleted).toMatchObject({ code: 0, stdout: `${digest}\n` })
  for (const name of [ref('single:1'), 'docker.io/library/again:2'])
    expect(deleted.stderr).toContain(`${name}: no longer published`)
  expect((await dist(['path', digest])).code).toBe(3)
  expect((await dist(['images', 'rm', ref('index:1'), 'none'])).code).toBe(6)
  expect((await dist(['images', '--json'])).stdout).toBe('')
})

it('mirror; a second time nothing is fetched, and everything is whole', async () => {
  const refs = workspace().file('refs.txt', [...Array(many).keys()].map((i) => ref(`many/${i}:1`)).join('\n'))
  expect((await dist(['mirror', '-f', refs])).stdout).toMatch(/^60 images: 60 done; /)
  expect((await dist(['mirror', '-f', refs])).stdout).toMatch(/60 up to date\); fetched 0 objects/)
  const images = jsonLines<{ missing: string[] }>((await dist(['images', '--json'])).stdout)
  expect(images.map(({ missing }) => missing)).toEqual(Array(many).fill([]))
})

it('a platform more is merged', async () => {
  await dist(['pull', '--platform', 'linux/amd64', ref('index:1')])
  const [before] = jsonLines((await dist(['images', '--json'])).stdout)
  expect(before).toMatchObject({ platforms: ['linux/amd64'] })
  await dist(['pull', '--platform', 'linux/arm64', ref('index:1')])
  const inspected = (await dist(['inspect', ref('index:1')])).stdout
  for (const image of [amd64Image, arm64Image]) expect(inspected).toContain(image.descriptor.digest)
  expect(inspected).not.toContain('not selected')
})

it('ingest: small content without its digest, larger content not', async () => {
  const small = await dist(['ingest', 'small'], 'small')
  expect(small).toMatchObject({ code: 0, stdout: `${fixtureBlob('small').descriptor.digest} 5\n` })
  const bytes = seededBuffer('s3-ingest', 9 * 1024 * 1024)
  const large = fixtureBlob(bytes).descriptor
  const refused = await dist(['ingest', 'large'], bytes)
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toMatch(/^dist: [^\n]*expected digest[^\n]*\n$/)
  const args = ['ingest', '--expected-digest', large.digest, 'large']
  expect(await dist(args, bytes)).toMatchObject({ code: 0, stdout: `${large.digest} ${bytes.length}\n` })
  expect(JSON.parse((await dist([...args, '--json'], bytes)).stdout)).toMatchObject({ present: true })
  const other = ['ingest', '--expected-digest', digest, 'other']
  expect((await dist(other, bytes)).code).toBe(5)
  expect(linesOf((await dist(['list', '-q'])).stdout)).toHaveLength(2)
})

it('active shows an upload, which abort and sweep end', async () => {
  const bytes = seededBuffer('s3-upload', 24 * 1024 * 1024)
  const large = fixtureBlob(bytes).descriptor
  await dist(['ingest', 'first'], 'makes the store')
  const shown = async () => jsonLines<{ ref: string }>((await dist(['active', '--json'])).stdout)
  await using bucket = await openS3Store(parseS3Url(store), {
    connection: { credentials: gateway.credentials },
  })
  const hasUpload = async () => {
    for await (const _ of bucket.content.statuses()) return true
    return false
  }
  const leave = async () => {
    const running = workspace().start(['ingest', '--expected-digest', large.digest, 'cut'], { env: env() })
    await new Promise((resolve) => running.child.stdin?.write(bytes.subarray(0, 20 * 1024 * 1024), resolve))
    await waitFor(hasUpload, 'the upload')
    running.child.kill('SIGKILL')
    await running.ended
    return (await shown())[0]?.ref ?? ''
  }
  const aborted = await leave()
  expect(await dist(['abort', aborted])).toMatchObject({ code: 0, stdout: `${aborted}\n` })
  expect(await shown()).toEqual([])
  const swept = await leave()
  expect(await dist(['sweep'])).toMatchObject({ code: 0, stdout: '' })
  expect(await dist(['sweep', '--older-than', '0'])).toMatchObject({ code: 0, stdout: `${swept}\n` })
  expect(await shown()).toEqual([])
  expect((await dist(['abort', swept])).code).toBe(3)
})

it('a store that is not there is 3, and is not made by reading', async () => {
  for (const args of [
    ['images'],
    ['list'],
    ['verify'],
    ['active'],
    ['sweep'],
    ['delete', digest],
    ['images'],
  ]) {
    const ended = await dist([...args, '--json'])
    expect(ended, args.join(' ')).toMatchObject({ code: 3, stdout: '' })
    expect(ended.stderr).toContain(`no store at s3://${gateway.bucket}/`)
  }
})

it('what is wrong is said in one line', async () => {
  const cases = [
    [2, { DIST_STORE: 's3://UPPER/x' }, 'bucket'],
    [2, { DIST_STORE: `s3://key:secret@${gateway.bucket}/x` }, 'AWS_ACCESS_KEY_ID'],
    [2, { DIST_STORE: `${store}&color=red` }, 'color'],
    [3, { DIST_STORE: store.replace(gateway.bucket, 'no-such-bucket') }, 'no-such-bucket'],
    [4, { AWS_SECRET_ACCESS_KEY: 'wrong' }, 'secret key'],
    [1, { DIST_STORE: `s3://any/x?endpoint=http://127.0.0.77:${await freePort()}` }, 'cannot be reached'],
  ] as const
  for (const [code, wrong, said] of cases) {
    const ended = await workspace().dist(['images'], { env: { ...env(), ...wrong } })
    expect({ said, code: ended.code, stdout: ended.stdout }).toEqual({ said, code, stdout: '' })
    expect(ended.stderr).toMatch(/^dist: [^\n]+\n$/)
    expect(ended.stderr).toContain(said)
    expect(ended.stderr).not.toContain('secret@')
  }
})

it('DIST_S3_REQUESTS sends all requests with all steps of the SDK; other values are refused', async () => {
  const sdk = (args: readonly string[], way = 'sdk') =>
    workspace().dist(args, { env: { ...env(), DIST_S3_REQUESTS: way } })
  expect(await sdk(['pull', ref('single:1')])).toMatchObject({ code: 0 })
  expect(await dist(['verify'])).toMatchObject({ code: 0 })
  expect((await sdk(['images', '-q'])).stdout).toBe(`${ref('single:1')}\n`)
  const refused = await sdk(['images'], 'slow')
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toContain('DIST_S3_REQUESTS: fast or sdk is expected, not "slow"')
})
