import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FixtureImage, ociImage, pushImage, tarLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const layer = (name: string) => tarLayer([{ path: `etc/${name}`, content: `${name}\n`.repeat(200) }])
const shared = layer('shared')
const images = [[shared, layer('a')], [shared, layer('b')], [layer('c')]].map((layers) =>
  ociImage({ layers }),
)

const registry = useRegistry(async ({ url }) => {
  for (const [i, image] of images.entries()) await pushImage(url, `app/${i}`, '1', image)
})
const redis = useRedis()
const workspace = useWorkspace()

const references = () => images.map((_, i) => `${registry().host}/app/${i}:1`)
const dist = (args: readonly string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })
const fileOf = ({ descriptor }: Pick<FixtureImage, 'descriptor'>) =>
  join(workspace().store, 'blobs', 'sha256', descriptor.digest.slice('sha256:'.length))

/** Turns one bit of stored content over. */
function flip(blob: Pick<FixtureImage, 'descriptor'>): void {
  const content = readFileSync(fileOf(blob))
  const middle = Math.floor(content.length / 2)
  content[middle] = (content[middle] ?? 0) ^ 1
  rmSync(fileOf(blob))
  writeFileSync(fileOf(blob), content)
}

async function mirrored(): Promise<void> {
  await startServices(workspace(), redis().url)
  expect(await dist(['mirror', ...references()])).toMatchObject({ code: 0 })
}

it('all is right: 0; each digest is read once, and status shows it', async () => {
  await mirrored()
  const ended = await dist(['verify'])
  expect(ended).toMatchObject({ code: 0 })
  const stored = readdirSync(join(workspace().store, 'blobs', 'sha256')).length
  expect(ended.stdout).toMatch(new RegExp(`^3 images: 3 done; verified ${stored} objects`, 'm'))
  expect(ended.stderr).toMatch(/^images 3\/3 done · blobs /m)
  const [run] = jsonLines<{ id: string }>((await dist(['runs', '--json'])).stdout)
  expect(run).toMatchObject({ kind: 'verify', state: 'done', images: { total: 3, done: 3 } })
  expect((await dist(['status', run?.id ?? ''])).stdout).toMatch(/^kind +verify$/m)
})

it('a flipped byte: 5, and both images that share it are named (S20)', async () => {
  await mirrored()
  flip(shared)
  const report = `${workspace().root}/report.jsonl`
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
  await mirrored()
  const content = readFileSync(fileOf(shared))
  rmSync(fileOf(shared))
  const ended = await dist(['verify', '--json'])
  expect(ended.code).toBe(3)
  const run = jsonLines<{ run: string }>(ended.stdout)[0]?.run ?? ''
  expect(ended.stderr).toContain(`dist retry ${run} verifies the bad content again`)
  writeFileSync(fileOf(shared), content)
  expect(await dist(['retry', run])).toMatchObject({ code: 0, stdout: `${run} 2 images\n` })
  expect(await dist(['status', '--watch', run])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('3 images: 3 done; verified'),
  })
})

it('of one reference only what it needs counts; one that is not in the store: 3', async () => {
  await mirrored()
  flip(shared)
  expect(await dist(['verify', references()[2] ?? ''])).toMatchObject({ code: 0 })
  const none = await dist(['verify', 'registry.test/none:1'])
  expect(none.code).toBe(3)
  expect(none.stderr).toContain('registry.test/none:1')
})

it('Ctrl-C detaches and the run goes on; --detach prints it', async () => {
  const running = workspace().start(['verify', '--queue', redis().url])
  await running.said('submitted')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  const run = /dist cancel (\S+)/.exec(ended.stderr)?.[1] ?? ''
  const detached = await dist(['verify', '--detach'])
  expect(detached).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z0-9]+\n$/) })
  await startServices(workspace(), redis().url)
  for (const each of [run, detached.stdout.trim()])
    expect(await dist(['status', '--watch', each])).toMatchObject({ code: 0 })
})
