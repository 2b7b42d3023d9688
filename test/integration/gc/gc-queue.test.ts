import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allContent, amd64Image, indexImage, singleImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { expect, it } from 'vitest'
import { ApiClient } from '../support/api-client.js'
import { hastyProgram, type ServiceProcess, startProcess } from '../support/processes.js'
import { usePulledImages } from '../support/pulled-images.js'
import { endOf } from '../support/queue-client.js'
import { startService } from '../support/services.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { removeName, storedDigests } from '../support/store-files.js'
import { jsonLines, linesOf } from '../support/workspace.js'

const { workspace, single, index, dist: local } = usePulledImages('--all-platforms')
const redis = useRedis()
const dist = (...args: string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })

const digestsOf = (image: Parameters<typeof allContent>[0]) =>
  [...new Set(allContent(image).map(({ descriptor }) => descriptor.digest))].sort()
const ofSingle = digestsOf(singleImage)
const ofIndex = digestsOf(indexImage)
const stored = () => storedDigests(workspace().store)
const remove = (name: string) => removeName(workspace().store, name)

it('a coordinator collects, and the command reports as without a queue; the run is listed', async () => {
  const { coordinator } = await startServices(workspace(), redis().url)
  await remove(single())
  const dry = await dist('gc', '--grace', '0', '--dry-run', '--json')
  expect(dry.code).toBe(0)
  const lines = jsonLines(dry.stdout)
  expect(
    lines
      .slice(0, -1)
      .map(({ digest }) => digest)
      .sort(),
  ).toEqual(ofSingle)
  const here = await local('gc', '--grace', '0', '--dry-run', '--json')
  expect(lines.at(-1)).toEqual(jsonLines(here.stdout).at(-1))
  expect(await stored()).toEqual([...ofSingle, ...ofIndex].sort())
  const ended = await dist('gc', '--grace', '0')
  expect(ended.code).toBe(0)
  expect(linesOf(ended.stdout).sort()).toEqual(ofSingle)
  expect(ended.stderr).toMatch(/^dist: 5 objects \([\d.]+ MiB\) deleted; 1 image needs 7 objects/m)
  expect(await stored()).toEqual(ofIndex)
  expect(coordinator.stdout()).toContain('"msg":"collection done"')
  const status = await dist('status')
  expect(status.stdout).toMatch(/^kind +collect$/m)
  expect(status.stdout).toMatch(/^garbage +5 objects \(.*\) deleted; 1 image needs 7 objects/m)
  expect((await dist('runs')).stdout).toMatch(/ collect +done /)
  const [run] = jsonLines<{ id: string }>((await dist('runs', '--json')).stdout)
  expect((await dist('retry', run?.id ?? '')).code).toBe(2)
  const watched = await dist('status', '--watch', run?.id ?? '')
  expect([watched.code, linesOf(watched.stdout)]).toEqual([0, linesOf(ended.stdout)])
})

it('deletes nothing while a manifest is damaged, and fails', async () => {
  await startServices(workspace(), redis().url)
  await remove(single())
  truncateSync(join(workspace().store, 'blobs', amd64Image.descriptor.digest.replace(':', '/')), 3)
  const ended = await dist('gc', '--grace', '0')
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toContain(`${index()}: ${amd64Image.descriptor.digest}`)
  expect(ended.stderr).toContain('no content was deleted')
  expect((await dist('status')).stdout).toMatch(/^state +failed$/m)
})

it('without a service it waits: --detach, a second request, Ctrl-C and cancel', async () => {
  const detached = await dist('gc', '--detach')
  const run = detached.stdout.trim()
  expect(detached).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('no service has used this queue'),
  })
  const other = await dist('gc', '--grace', '7d')
  expect(other.code).toBe(1)
  expect(other.stderr).toContain(`dist cancel ${run} cancels it`)
  const running = workspace().start(['gc', '--queue', redis().url])
  await running.said(`run ${run}: a garbage collection is under way already`)
  await running.said('no coordinator is alive')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  expect(ended.stderr).toContain(`detached from run ${run}: the run continues`)
  expect((await dist('cancel', run)).code).toBe(0)
  await using queue = await openQueue(redis().url, {})
  expect(await endOf(queue, run)).toBe('canceled')
  expect((await local('gc', '--detach')).code).toBe(2)
})

it('a coordinator that is killed while it collects is replaced by another one, and no image loses content', async () => {
  const services: ServiceProcess[] = []
  const start = async () => {
    const { env, store } = workspace()
    const flags = ['--store', store, '--queue', redis().url, '--listen', '127.0.0.1:0']
    const service = await startProcess('coordinator', [...hastyProgram('coordinator'), ...flags], env)
    services.push(service)
    return service
  }
  try {
    await remove(single())
    const first = await start()
    // A process of another machine that publishes, and does not learn of the collection.
    const leases = join(workspace().store, 'leases')
    mkdirSync(leases, { recursive: true })
    writeFileSync(join(leases, 'unknown.other.lease'), '{"knows":[]}')
    const running = workspace().start(['gc', '--queue', redis().url, '--grace', '0'])
    await running.said('waiting for 1 process')
    await first.kill()
    await start()
    rmSync(join(leases, 'unknown.other.lease'))
    const ended = await running.ended
    expect(ended.code).toBe(0)
    expect(linesOf(ended.stdout).sort()).toEqual(ofSingle)
    expect(await stored()).toEqual(ofIndex)
    expect(await local('verify')).toMatchObject({ code: 0 })
  } finally {
    for (const service of services) await service.kill()
  }
})

it('settings have coordinators collect by themselves, until they have no gc any more', async () => {
  await remove(single())
  const flags = ['coordinator', '--queue', redis().url, '--listen', '127.0.0.1:0']
  const config = workspace().file('dist.yaml', 'coordinator:\n  gc: { every: 1d, grace: 0 }\n')
  const first = workspace().start([...flags, '--config', config])
  await waitFor(async () => (await stored()).length === ofIndex.length, 'the collection', 30_000)
  const [schedule] = jsonLines((await dist('schedule', 'list', '--json')).stdout)
  expect(schedule).toMatchObject({ name: 'gc', when: 'every 1d', file: 'settings of the coordinators' })
  expect((await dist('runs', '--schedule', 'gc')).stdout).toContain('collect')
  first.child.kill('SIGTERM')
  await first.ended
  workspace().start(flags)
  await using queue = await openQueue(redis().url, {})
  const schedules = queue.schedules()
  await waitFor(async () => (await schedules.list()).length === 0, 'the removal of the schedule', 30_000)
})

it('settings have coordinators measure the store by themselves, again after the interval', async () => {
  const config = workspace().file('dist.yaml', 'coordinator:\n  df: { every: 10s }\n')
  const args = ['coordinator', '--queue', redis().url, '--listen', '127.0.0.1:0', '--config', config]
  for (const _ of [1, 2]) workspace().start(args)
  const dashboard = await startService(workspace(), 'dashboard', { env: { DIST_QUEUE: redis().url } }).url()
  const api = await ApiClient.open(dashboard)
  const measured = async () => (await api.call('getStore')).body.usage
  await waitFor(async () => (await measured()) !== undefined, 'the measurement', 30_000)
  const first = await measured()
  expect(first).toMatchObject({ images: 2, isComplete: true })
  const later = async () => Date.parse((await measured()).measuredAt) - Date.parse(first.measuredAt)
  await waitFor(async () => (await later()) > 0, 'the next measurement', 40_000)
  expect(await later()).toBeGreaterThan(9_000)
})
