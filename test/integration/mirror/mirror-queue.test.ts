import { readFileSync } from 'node:fs'
import { faults, startRegistry } from '@dist/testkit'
import { artifactOf, indexImage, ociImage, pushImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { startScripted } from '../support/scripted.js'
import { useRegistry } from '../support/servers.js'
import { pushMany, useServedQueue } from '../support/services-queue.js'
import { jsonLines } from '../support/workspace.js'

/** With one more they are too many to be listed. */
const many = 50
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'retried/here', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushMany(url, 'many', many)
})
const queue = useServedQueue()
let repositories = 0

const ref = (name: string) => `${registry().host}/${name}`
const dist = (args: readonly string[]) => queue().dist(args)
const file = (name: string, content: string) => queue().workspace.file(name, content)
const published = async () =>
  jsonLines<{ name: string; missing: string[] }>((await dist(['images', '--json'])).stdout)

async function blobRequests(): Promise<string[]> {
  await registry().settled()
  return registry()
    .requests()
    .filter(({ path }) => path.includes('/blobs/'))
    .map(({ path }) => path.split('/').at(-1) ?? '')
}

it('submits, follows, reports; a second time nothing is fetched', async () => {
  const manyRefs = [...Array(many).keys()].map((i) => ref(`many/${i}:1`))
  const refs = file('refs.txt', manyRefs.join('\n'))
  const report = `${queue().workspace.root}/report.jsonl`
  registry().clearRequests()
  const first = await dist(['mirror', '-f', refs, ref('index:1'), '--report', report])
  expect(first).toMatchObject({ code: 0 })
  expect(first.stderr).toMatch(/^dist: run \S+: 51 images submitted$/m)
  expect(first.stderr).toMatch(/^images 51\/51 done · blobs /m)
  expect(first.stdout).toMatch(/^51 images: 51 done; fetched \d+ objects/)
  const lines = jsonLines(readFileSync(report, 'utf8'))
  expect(lines.map(({ name }) => name)).toEqual([ref('index:1'), ...manyRefs])
  for (const line of lines)
    expect(line).toMatchObject({ state: 'done', digest: expect.stringMatching(/^sha256:/), fetched: {} })
  const blobs = await blobRequests()
  expect(new Set(blobs).size).toBe(blobs.length)
  const whole = (await published()).filter(({ missing }) => missing.length === 0).map(({ name }) => name)
  expect(whole).toEqual(expect.arrayContaining([ref('index:1'), ...manyRefs]))
  registry().clearRequests()
  const again = await dist(['mirror', '-f', refs, ref('index:1')])
  expect(again.stdout).toMatch(/^51 images: 51 done \(51 up to date\); fetched 0 objects/)
  expect(await blobRequests()).toEqual([])
})

it('some fail: 6, with the reasons; retry takes those alone', async () => {
  const repository = `retried/later-${++repositories}`
  const [here, later] = [ref('retried/here:1'), ref(`${repository}:1`)]
  const ended = await dist(['mirror', here, later, '--json'])
  expect(ended.code).toBe(6)
  const lines = jsonLines<{ run: string }>(ended.stdout)
  expect(lines).toMatchObject([
    { name: here, state: 'done', digest: singleImage.descriptor.digest },
    { name: later, state: 'failed', code: 'NOT_FOUND', error: expect.any(String) },
  ])
  const run = lines[0]?.run ?? ''
  expect(ended.stderr).toContain(`dist retry ${run}`)
  expect((await dist(['status'])).stdout).toMatch(
    new RegExp(`^run +${run}\nkind +mirror\nstate +failed\n[^]*^failed +.*${repository}:1`, 'm'),
  )
  await pushImage(registry().url, repository, '1', indexImage)
  expect(await dist(['retry', run])).toMatchObject({ code: 0, stdout: `${run} 1 image\n` })
  const watched = await dist(['status', '--watch', run])
  expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining('2 images: 2 done') })
  const names = (await published()).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining([here, later]))
})

it('--store has to be the services’ own', async () => {
  const { workspace } = queue()
  const runs = async () => jsonLines((await dist(['runs', '--json'])).stdout).length
  const own = await dist(['mirror', '--store', workspace.store, ref('single:1')])
  expect(own.code).toBe(0)
  const before = await runs()
  const env = { DIST_STORE: `${workspace.root}/other` }
  await workspace.dist(['ingest', 'x'], { stdin: 'x', env })
  const other = await dist(['mirror', '--store', env.DIST_STORE, ref('index:1')])
  expect(other).toMatchObject({ code: 2, stdout: '' })
  const none = await dist(['mirror', '--store', `${workspace.root}/none`, ref('index:1')])
  expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('leave --store out') })
  expect(await runs()).toBe(before)
})

it('active shows the writes of all workers, and those of a store that is named', async () => {
  const { workspace, redis } = queue()
  const layer = seededLayer(`stops ${++repositories}`, 1_500_000)
  const { digest, size } = layer.descriptor
  await using stuck = await startRegistry()
  stuck.content.putImage('app', '1', ociImage({ layers: [layer] }))
  stuck.script({ path: `/blobs/${digest}` }, faults.stalledBody(1_000_000))
  const run = (await dist(['mirror', '--detach', `${stuck.host}/app:1`])).stdout.trim()
  const watch = workspace.start(['active', '--watch', '--json', '--queue', redis.url])
  await watch.said(`"total":${size}`)
  watch.child.kill('SIGINT')
  const rows = async () => jsonLines((await dist(['active', '--json'])).stdout)
  expect(await rows()).toMatchObject([{ worker: 'w1', ref: expect.stringContaining(digest) }])
  expect((await dist(['active'])).stdout).toMatch(/^REF +WORKER +OFFSET +TOTAL +AGE +SPEED\n\S+ +w1 /)
  expect((await dist(['active', '--store', workspace.store])).stdout).toMatch(/^REF +OFFSET/)
  await dist(['cancel', run])
  await dist(['status', '--watch', run])
  await waitFor(async () => (await rows()).length === 0, 'the end of the write', 30_000)
})

it('Ctrl-C detaches and the run goes on; cancel ends it', async () => {
  await using stuck = await startScripted(() => {})
  const { workspace, redis } = queue()
  const names = ['a', 'b', 'c'].map((name) => `${stuck.host}/${name}:1`)
  const running = workspace.start(['mirror', '--queue', redis.url, ...names])
  await running.said('images 0/3')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  const run = /dist cancel (\S+)/.exec(ended.stderr)?.[1] ?? ''
  expect(ended.stderr).toContain(`dist status --watch ${run}`)
  const statusOf = async () => JSON.parse((await dist(['status', run, '--json'])).stdout)
  expect(await statusOf()).toMatchObject({ state: 'running' })
  expect(await dist(['cancel', run])).toMatchObject({ code: 0, stdout: `${run}\n` })
  expect((await dist(['status', '--watch', run])).code).toBe(1)
  expect(await statusOf()).toMatchObject({ state: 'canceled' })
})

it('brings signatures into the store when asked to; a mirror file says it itself', async () => {
  await using upstream = await startRegistry({ referrers: 100 })
  const image = `${upstream.host}/app:1`
  upstream.content.putImage('app', '1', singleImage)
  const signature = artifactOf(singleImage, `signature ${++repositories}`)
  upstream.content.putImage('app', signature.descriptor.digest, signature)
  const isThere = async () => (await dist(['path', signature.descriptor.digest])).code === 0
  expect(await dist(['mirror', image])).toMatchObject({ code: 0 })
  expect(await dist(['mirror', '--artifact-type', 'application/other', image])).toMatchObject({ code: 0 })
  expect(await isThere()).toBe(false)
  expect(await dist(['mirror', '--referrers', image])).toMatchObject({ code: 0 })
  expect(await isThere()).toBe(true)
  const mirrors = file('dist.yaml', `version: 1\nmirrors: [{ from: ${upstream.host}/app, tags: all }]`)
  const refused = await dist(['mirror', '-f', mirrors, '--referrers'])
  expect(refused.stderr).toContain('a mirror file says itself where images go and what comes with them')
  expect(refused.code).toBe(2)
})

it('a worker does not start with settings that cannot be right: 2', async () => {
  const wrong = await dist(['worker', '--memory', 'much'])
  expect(wrong).toMatchObject({ code: 2, stdout: expect.stringContaining('--memory') })
})
