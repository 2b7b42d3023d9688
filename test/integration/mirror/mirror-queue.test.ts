import { readFileSync } from 'node:fs'
import { indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { beforeEach, expect, it } from 'vitest'
import { startScripted } from '../support/scripted.js'
import { useRegistry } from '../support/servers.js'
import { pushMany, startServices, useRedis } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const many = 60
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushMany(url, 'many', many)
})
const redis = useRedis()
const workspace = useWorkspace()
beforeEach(() => registry().clearRequests())

const ref = (name: string) => `${registry().host}/${name}`
const manyRefs = () => [...Array(many).keys()].map((i) => ref(`many/${i}:1`))
const dist = (args: readonly string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })
const statusOf = async (run = '') =>
  JSON.parse((await dist(['status', ...(run === '' ? [] : [run]), '--json'])).stdout)
const published = async () =>
  jsonLines<{ name: string; missing: string[] }>((await workspace().dist(['images', '--json'])).stdout)

async function blobRequests(): Promise<string[]> {
  await registry().settled()
  return registry()
    .requests()
    .filter(({ path }) => path.includes('/blobs/'))
    .map(({ path }) => path.split('/').at(-1) ?? '')
}

it('submits, follows, reports; a second time nothing is fetched', async () => {
  await startServices(workspace(), redis().url)
  const refs = workspace().file('refs.txt', manyRefs().join('\n'))
  const report = `${workspace().root}/report.jsonl`
  const first = await dist(['mirror', '-f', refs, ref('index:1'), '--report', report])
  expect(first).toMatchObject({ code: 0 })
  expect(first.stderr).toMatch(/^dist: run \S+: 61 images submitted$/m)
  expect(first.stderr).toMatch(/^images 61\/61 done · blobs /m)
  expect(first.stdout).toMatch(/^61 images: 61 done; fetched \d+ objects/)
  const lines = jsonLines(readFileSync(report, 'utf8'))
  expect(lines.map(({ name }) => name)).toEqual([ref('index:1'), ...manyRefs()])
  for (const line of lines)
    expect(line).toMatchObject({ state: 'done', digest: expect.stringMatching(/^sha256:/), fetched: {} })
  const blobs = await blobRequests()
  expect(new Set(blobs).size).toBe(blobs.length)
  expect((await published()).map(({ missing }) => missing)).toEqual(Array(61).fill([]))
  registry().clearRequests()
  const again = await dist(['mirror', '-f', refs, ref('index:1')])
  expect(again.stdout).toMatch(/^61 images: 61 done \(61 up to date\); fetched 0 objects/)
  expect(await blobRequests()).toEqual([])
})

it('some fail: 6, with the reasons; retry takes those alone', async () => {
  await startServices(workspace(), redis().url)
  const ended = await dist(['mirror', ref('single:1'), ref('later:1'), '--json'])
  expect(ended.code).toBe(6)
  const lines = jsonLines<{ run: string }>(ended.stdout)
  expect(lines).toMatchObject([
    { name: ref('single:1'), state: 'done', digest: singleImage.descriptor.digest },
    { name: ref('later:1'), state: 'failed', code: 'NOT_FOUND', error: expect.any(String) },
  ])
  const run = lines[0]?.run ?? ''
  expect(ended.stderr).toContain(`dist retry ${run}`)
  expect((await dist(['status'])).stdout).toMatch(
    new RegExp(`^run +${run}\nkind +mirror\nstate +failed\n[^]*^failed +.*later:1`, 'm'),
  )
  await pushImage(registry().url, 'later', '1', indexImage)
  expect(await dist(['retry', run])).toMatchObject({ code: 0, stdout: `${run} 1 image\n` })
  const watched = await dist(['status', '--watch', run])
  expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining('2 images: 2 done') })
  expect((await published()).map(({ name }) => name)).toEqual([ref('later:1'), ref('single:1')])
})

it('--detach leaves, status --watch follows, runs lists', async () => {
  const detached = await dist(['mirror', '--detach', ref('single:1')])
  expect(detached.code).toBe(0)
  expect(detached.stderr).toContain('no service has used this queue yet')
  const run = detached.stdout.trim()
  expect(await statusOf()).toMatchObject({ id: run, state: 'running', images: { total: 1, done: 0 } })
  const watch = workspace().start(['status', '--watch', run, '--queue', redis().url])
  await watch.said('images 0/1 done')
  await startServices(workspace(), redis().url)
  expect(await watch.ended).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${ref('single:1')} ${singleImage.descriptor.digest}`),
  })
  expect((await dist(['runs'])).stdout).toMatch(new RegExp(`^${run} +mirror +done +\\S+ +1/1 +0 `, 'm'))
})

it('Ctrl-C detaches and the run goes on; cancel ends it', async () => {
  const running = workspace().start(['mirror', '--queue', redis().url, ...manyRefs()])
  await running.said('images 0/60')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  const run = /dist cancel (\S+)/.exec(ended.stderr)?.[1] ?? ''
  expect(ended.stderr).toContain(`dist status --watch ${run}`)
  expect(await statusOf(run)).toMatchObject({ state: 'running' })
  expect(await dist(['cancel', run])).toMatchObject({ code: 0, stdout: `${run}\n` })
  await startServices(workspace(), redis().url)
  const watched = await dist(['status', '--watch', run])
  expect(watched.code).toBe(1)
  expect(await statusOf(run)).toMatchObject({ state: 'canceled' })
})

it('a queue that is wiped gets the run of an attached client again; a detached one is lost', async () => {
  const detached = (await dist(['mirror', '--detach', ref('index:1')])).stdout.trim()
  const running = workspace().start(['mirror', '--queue', redis().url, ...manyRefs()])
  await running.said('images 0/60')
  await redis().restart()
  await running.said('submitted again as')
  await startServices(workspace(), redis().url)
  const ended = await running.ended
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('60 images: 60 done') })
  expect(await published()).toHaveLength(60)
  const lost = await dist(['status', detached])
  expect(lost.code).toBe(3)
  expect(lost.stderr).toContain('submit it again with dist mirror')
})

it('--store has to be the services’ own', async () => {
  await startServices(workspace(), redis().url)
  const own = await dist(['mirror', '--store', workspace().store, ref('single:1')])
  expect(own.code).toBe(0)
  const env = { DIST_STORE: `${workspace().root}/other` }
  await workspace().dist(['ingest', 'x'], { stdin: 'x', env })
  const other = await dist(['mirror', '--store', env.DIST_STORE, ref('index:1')])
  expect(other).toMatchObject({ code: 2, stdout: '' })
  const none = await dist(['mirror', '--store', `${workspace().root}/none`, ref('index:1')])
  expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('leave --store out') })
  expect(jsonLines((await dist(['runs', '--json'])).stdout)).toHaveLength(1)
})

it('unknown runs, and no run at all: 3', async () => {
  for (const args of [['status'], ['status', 'none'], ['retry', 'none'], ['cancel', 'none']]) {
    const ended = await dist(args)
    expect(ended.code, args.join(' ')).toBe(3)
    expect(ended.stderr).toMatch(/^dist: [^\n]+\n$/)
  }
  expect((await dist(['runs'])).code).toBe(0)
})

it('services end with SIGTERM: 0; with settings that cannot be right: 2', async () => {
  const { coordinator, worker } = await startServices(workspace(), redis().url)
  for (const service of [coordinator, worker]) {
    service.child.kill('SIGTERM')
    expect((await service.ended).code).toBe(0)
  }
  const wrong = await dist(['worker', '--memory', 'much'])
  expect(wrong).toMatchObject({ code: 2, stdout: expect.stringContaining('--memory') })
})

it('active shows the writes of all workers, and those of a store that is named', async () => {
  const layer = singleImage.blobs.at(-1)?.descriptor
  await using stuck = await startScripted(({ url = '' }, response) => {
    if (url.includes('/manifests/')) {
      response.setHeader('content-type', singleImage.descriptor.mediaType)
      return response.end(singleImage.content)
    }
    const blob = singleImage.blobs.find(({ descriptor }) => url.endsWith(descriptor.digest))
    const bytes = Buffer.concat([...(blob?.open() ?? [])])
    response.setHeader('content-length', bytes.length)
    // The large layer stops half-way.
    if (blob?.descriptor.digest === layer?.digest) response.write(bytes.subarray(0, 1_000_000))
    else response.end(bytes)
  })
  await startServices(workspace(), redis().url)
  const run = (await dist(['mirror', '--detach', `${stuck.host}/app:1`])).stdout.trim()
  const rows = async () => jsonLines((await dist(['active', '--json'])).stdout)
  await waitFor(async () => (await rows()).some(({ total }) => total === layer?.size), 'the write')
  expect(await rows()).toMatchObject([{ worker: 'w1', ref: expect.stringContaining(layer?.digest ?? '') }])
  expect((await dist(['active'])).stdout).toMatch(/^REF +WORKER +OFFSET +TOTAL +AGE +SPEED\n\S+ +w1 /)
  expect((await dist(['active', '--store', workspace().store])).stdout).toMatch(/^REF +OFFSET/)
  await dist(['cancel', run])
  await waitFor(async () => (await rows()).length === 0, 'the end of the write')
})
