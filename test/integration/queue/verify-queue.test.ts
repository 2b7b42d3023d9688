import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FixtureImage, ociImage, pushImage, tarLayer } from '@dist/testkit/fixtures'
import { startRedis } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { endOf, mirrored } from '../support/queue-client.js'
import { forFile, forTest, useRegistry } from '../support/servers.js'
import { startServices } from '../support/services-queue.js'
import { jsonLines, Workspace } from '../support/workspace.js'

const layer = (name: string) => tarLayer([{ path: `etc/${name}`, content: `${name}\n`.repeat(200) }])
const shared = layer('shared')
const images = [[shared, layer('a')], [shared, layer('b')], [layer('c')]].map((layers) =>
  ociImage({ layers }),
)

const registry = useRegistry(async ({ url }) => {
  for (const [i, image] of images.entries()) await pushImage(url, `app/${i}`, '1', image)
})
// One store for all tests: each leaves the content as it was.
const workspace = new Workspace()
afterAll(() => workspace.remove())
const redis = await forFile(startRedis())
const references = () => images.map((_, i) => `${registry().host}/app/${i}:1`)
beforeAll(async () => {
  await startServices(workspace, redis.url)
  await mirrored(redis.url, references())
})

const dist = (args: readonly string[], queue = redis.url) =>
  workspace.dist(args, { env: { DIST_QUEUE: queue } })

/** Removes stored content, or puts other content in its place; returns a function that brings it back. */
function harm(
  { descriptor }: Pick<FixtureImage, 'descriptor'>,
  to?: (content: Buffer) => Buffer,
): () => void {
  const path = join(workspace.store, 'blobs', 'sha256', descriptor.digest.slice('sha256:'.length))
  const content = readFileSync(path)
  const replace = (by: Buffer) => {
    rmSync(path, { force: true })
    writeFileSync(path, by)
  }
  const heal = () => replace(content)
  onTestFinished(heal)
  if (to === undefined) rmSync(path)
  else replace(to(content))
  return heal
}

/** One bit turned over. */
function flipped(content: Buffer): Buffer {
  const other = Buffer.from(content)
  const middle = Math.floor(other.length / 2)
  other[middle] = (other[middle] ?? 0) ^ 1
  return other
}

it('all is right: 0; each digest is read once, and status shows it', async () => {
  const ended = await dist(['verify'])
  expect(ended).toMatchObject({ code: 0 })
  const stored = readdirSync(join(workspace.store, 'blobs', 'sha256')).length
  expect(ended.stdout).toMatch(new RegExp(`^3 images: 3 done; verified ${stored} objects`, 'm'))
  expect(ended.stderr).toMatch(/^images 3\/3 done · blobs /m)
  const [run] = jsonLines<{ id: string }>((await dist(['runs', '--json'])).stdout)
  expect(run).toMatchObject({ kind: 'verify', state: 'done', images: { total: 3, done: 3 } })
  expect((await dist(['status', run?.id ?? ''])).stdout).toMatch(/^kind +verify$/m)
})

it('a flipped byte: 5, and both images that share it are named (S20)', async () => {
  harm(shared, flipped)
  const report = `${workspace.root}/report.jsonl`
  const ended = await dist(['verify', '--report', report])
  expect(ended.code).toBe(5)
  const { digest } = shared.descriptor
  for (const reference of references().slice(0, 2))
    expect(ended.stderr).toMatch(new RegExp(`${reference}: .*${digest}.*is damaged`))
  expect(ended.stdout).toMatch(/^3 images: 1 done, 2 failed/m)
  const lines = jsonLines<{ name: string }>(readFileSync(report, 'utf8'))
  const failures = [expect.objectContaining({ digest, code: 'FAILED_PRECONDITION' })]
  const sorted = lines.sort((a, b) => (a.name < b.name ? -1 : 1))
  expect(sorted).toMatchObject([
    { name: references()[0], state: 'failed', code: 'FAILED_PRECONDITION', failures },
    { name: references()[1], state: 'failed', failures },
    { name: references()[2], state: 'done', verified: {} },
  ])
})

it('what is missing: 3; once it is back, a retry finds all right', async () => {
  const heal = harm(shared)
  const ended = await dist(['verify', '--json'])
  expect(ended.code).toBe(3)
  const run = jsonLines<{ run: string }>(ended.stdout)[0]?.run ?? ''
  expect(ended.stderr).toContain(`dist retry ${run} verifies the bad content again`)
  heal()
  expect(await dist(['retry', run])).toMatchObject({ code: 0, stdout: `${run} 2 images\n` })
  expect(await dist(['status', '--watch', run])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('3 images: 3 done; verified'),
  })
})

it('of one reference only what it needs counts; one that is not in the store: 3', async () => {
  harm(shared, flipped)
  expect(await dist(['verify', references()[2] ?? ''])).toMatchObject({ code: 0 })
  const none = await dist(['verify', 'registry.test/none:1'])
  expect(none.code).toBe(3)
  expect(none.stderr).toContain('registry.test/none:1')
})

it('Ctrl-C detaches and the run goes on; --detach prints it', async () => {
  const { url } = await forTest(startRedis())
  const running = workspace.start(['verify', '--queue', url])
  await running.said('submitted')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  const run = /dist cancel (\S+)/.exec(ended.stderr)?.[1] ?? ''
  const detached = await dist(['verify', '--detach'], url)
  expect(detached).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z0-9]+\n$/) })
  await startServices(workspace, url)
  await using queue = await openQueue(url, {})
  for (const each of [run, detached.stdout.trim()]) expect(await endOf(queue, each)).toBe('done')
})
