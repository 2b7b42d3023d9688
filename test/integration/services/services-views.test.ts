import { faults, startRegistry } from '@dist/testkit'
import { amd64Image, artifactOf, imageIndex, indexImage, ociImage, smallLayer } from '@dist/testkit/fixtures'
import { startRedis, waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { ApiClient } from '../support/api-client.js'
import { tokenFor } from '../support/queue-client.js'
import { forFile } from '../support/servers.js'
import { startService } from '../support/services.js'
import { startServices } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = await forFile(startRedis())
const registry = await forFile(startRegistry({ referrers: 10 }))
const { host, content } = registry

const stubborn = ociImage({ layers: [smallLayer('stubborn')] })
const held = ociImage({ layers: [smallLayer('held')] })
const [stubbornLayer, heldLayer] = [stubborn, held].map(({ blobs }) => blobs.at(-1)?.descriptor.digest ?? '')

content.putImage('team/web', '1', indexImage)
content.putImage('team/api', '1', amd64Image)
content.putImage('team/stubborn', '1', stubborn)
content.putImage('team/held', '1', held)
const signature = artifactOf(indexImage, 'a signature')
content.putImage('team/web', signature.descriptor.digest, signature)
for (const tag of ['1.0', '1.1', '2.0-rc.1', 'latest', '0.9']) content.putImage('team/app', tag, amd64Image)
content.putImage('team/app', '1.2', imageIndex([amd64Image]))

const env = { DIST_QUEUE: redis.url }

/** A mirror file with these mirrors. */
function sourcesOf(...mirrors: readonly object[]) {
  return { text: JSON.stringify({ version: 1, mirrors }), language: 'json' }
}

it('W10 the tree of an image, its failed tries, the store, previews (of no metadata address), and the end of a pause', async () => {
  await startServices(workspace(), redis.url)
  const dashboard = startService(workspace(), 'dashboard', { env })
  const api = await ApiClient.open(await dashboard.url(), await tokenFor(redis.url, 'admin'))
  const state = async (run: string) => (await api.call('getRun', { params: { run } })).body.state

  expect((await api.call('getStore')).body).toEqual({ id: expect.any(String) })
  const previewed = await api.call('previewSources', {
    body: {
      sources: sourcesOf({ name: 'app', from: `${host}/team/app`, tags: { semver: '>=1', newest: 2 } }),
      images: true,
    },
  })
  expect(previewed.body).toMatchObject({
    isComplete: true,
    tally: { listed: 6, selected: 2, fell: { semver: 3, newest: 1 } },
    images: [
      { entry: 'app', reference: `${host}/team/app:1.2`, state: 'new' },
      { entry: 'app', reference: `${host}/team/app:1.1`, state: 'new' },
    ],
  })
  expect(previewed.body.tags).toContainEqual({
    entry: 'app',
    repository: `${host}/team/app`,
    tag: '1.0',
    fellAt: 'newest',
  })
  const refused = sourcesOf({ from: `${host}/team/app` }).text.replace('}', ',"nonsense":1}')
  const mistaken = { sources: { text: refused, language: 'json' } }
  expect((await api.call('previewSources', { body: mistaken })).body).toMatchObject({ status: 400 })
  const gone = await api.call('previewSources', {
    body: { sources: sourcesOf({ from: `${host}/none`, tags: { newest: 1 } }) },
  })
  expect(gone.body.failures).toMatchObject([{ source: `${host}/none`, stage: 'listing' }])

  const metadata = sourcesOf({ from: '169.254.169.254/latest', tags: { newest: 1 } })
  const closed = await api.call('previewSources', { body: { sources: metadata } })
  expect(closed.body.failures).toMatchObject([{ code: 'PERMISSION_DENIED', stage: 'listing' }])
  const neither = (await api.call('previewSources', { body: {} })).body
  expect(neither.detail).toContain('either a mirror file or a schedule')
  const timing = { pattern: '0 3 * * *', timeZone: 'UTC' }
  const scheduled = {
    name: 'nightly',
    timing,
    sources: sourcesOf({ name: 'nightly', from: `${host}/team/web:1` }),
  }
  await api.call('applySchedules', { body: { file: 'prod', requests: [scheduled] } })
  const nightly = await api.call('previewSources', { body: { schedule: 'nightly', images: true } })
  expect(nightly.body.images).toMatchObject([{ reference: `${host}/team/web:1`, state: 'new' }])
  const unknown = await api.call('previewSources', { body: { schedule: 'none' } })
  expect(unknown.status).toBe(404)

  registry.script({ path: stubbornLayer }, faults.flippedByte())
  const from = (name: string) => ({ name, from: `${host}/team/${name}:1` })
  const body = { sources: sourcesOf(from('web'), from('api'), from('stubborn')) }
  const { run } = (await api.call('submitRun', { body })).body
  await waitFor(async () => (await state(run)) === 'failed', 'the run')
  const tree = (await api.call('getImageTree', { params: { run, index: '0' } })).body
  expect(tree).toMatchObject({ name: `${host}/team/web:1`, isCut: false })
  expect(tree.nodes[0]).toMatchObject({ depth: 0, digest: indexImage.descriptor.digest, isPresent: true })
  expect(tree.nodes).toContainEqual(
    expect.objectContaining({ depth: 1, platform: 'linux/arm64', isSelected: true, isPresent: true }),
  )
  expect(tree.referrers).toMatchObject([
    { digest: signature.descriptor.digest, subject: indexImage.descriptor.digest, isPresent: true },
  ])
  const tries = (await api.call('listTries', { params: { run, index: '2' } })).body.items
  const [worker] = (await api.call('listServices')).body.items.filter(
    (each: { service: string }) => each.service === 'worker',
  )
  const tried = { digest: stubbornLayer, service: worker.id, error: { code: 'FAILED_PRECONDITION' } }
  expect(tries).toMatchObject([{ at: expect.any(String), ...tried }])
  expect((await api.call('listTries', { params: { run, index: '1' } })).body).toEqual({ items: [] })
  expect((await api.call('listTries', { params: { run, index: '3' } })).status).toBe(404)
  expect((await api.call('getImageTree', { params: { run, index: '3' } })).status).toBe(404)

  const elsewhere = { references: [`${host}/team/web:1`], to: `${host}/mirror` }
  const sent = (await api.call('submitRun', { body: elsewhere })).body.run
  const before = await api.call('getImageTree', { params: { run: sent, index: '0' } })
  if (before.status === 404) expect(before.body.detail).toContain('is not published there yet')
  await waitFor(async () => (await state(sent)) === 'done', 'the run to a registry')
  const there = (await api.call('getImageTree', { params: { run: sent, index: '0' } })).body
  expect(there).toMatchObject({ name: `${host}/mirror/team/web:1` })
  expect(there.nodes).toEqual(tree.nodes)

  registry.script({ path: heldLayer }, faults.stalledBody(10))
  const holding = (await api.call('submitRun', { body: { references: [`${host}/team/held:1`] } })).body.run
  await registry.requested({ path: heldLayer })
  const partly = (await api.call('getImageTree', { params: { run: holding, index: '0' } })).body
  expect(partly.name).toBeUndefined()
  expect(partly.nodes.map((node: { isPresent: boolean }) => node.isPresent)).toContain(false)
  await api.call('cancelRun', { params: { run: holding } })

  expect((await api.call('measureStore')).status).toBe(202)
  await waitFor(async () => (await api.call('getStore')).body.usage !== undefined, 'the usage')
  const { usage } = (await api.call('getStore')).body
  expect(usage).toMatchObject({ images: 2, isComplete: true })
  expect(usage.unshared.bytes).toBeGreaterThan(usage.needed.bytes)
  expect(usage.shared.objects).toBeGreaterThan(0)
  const layer = amd64Image.blobs.at(-1)?.descriptor.digest ?? ''
  const needing = await api.call('listStored', { query: { needs: layer } })
  expect(needing.body.items.map(({ name }: { name: string }) => name)).toEqual([
    `${host}/team/api:1`,
    `${host}/team/web:1`,
  ])
  expect((await api.call('listStored', { query: { needs: stubbornLayer ?? '' } })).body.items).toEqual([])
  const nonsense = await api.call('listStored', { query: { needs: 'latest' } })
  expect([nonsense.status, nonsense.body.detail]).toEqual([
    400,
    expect.stringContaining('a digest is expected'),
  ])
  const listed = await api.call('listStored', { query: { search: 'team/', limit: 1 } })
  expect(listed.body).toMatchObject({
    items: [{ name: `${host}/team/api:1`, sizes: { all: {}, own: {} } }],
    total: 2,
    next: '1',
  })
  const rest = await api.call('listStored', { query: { search: 'team/', limit: 1, cursor: '1' } })
  expect(rest.body.items).toMatchObject([{ name: `${host}/team/web:1` }])
  expect(rest.body.next).toBeUndefined()
  const [largest] = (await api.call('listStored', { query: { order: 'own', limit: 1 } })).body.items
  expect(largest.sizes.own.bytes).toBeGreaterThan(0)
  const stored = await api.call('getStored', { params: { name: `${host}/team/web:1` } })
  expect(stored.body).toMatchObject({
    digest: indexImage.descriptor.digest,
    platforms: 'all',
    referrers: [{ digest: signature.descriptor.digest }],
    sizes: { all: {} },
  })
  expect((await api.call('getStored', { params: { name: '../../x' } })).status).toBe(404)

  registry.script({ path: '/v2/team/paused/' }, faults.status(429, { 'retry-after': '600' }))
  await api.call('submitRun', { body: { references: [`${host}/team/paused:1`] } })
  const shown = async () =>
    (await api.call('listHosts')).body.items.find((each: { host: string }) => each.host === host)
  await waitFor(async () => (await shown())?.pausedUntil !== undefined, 'the pause')
  registry.script({ path: '/v2/team/paused/' }, faults.status(404))
  await waitFor(async () => (await shown())?.answers?.refused > 0, 'the refusal')
  expect((await shown()).answers).toEqual({
    answers: expect.any(Number),
    refused: expect.any(Number),
    latency: expect.any(Number),
  })
  const dist = (...args: string[]) => workspace().dist(['hosts', ...args], { env })
  const resumed = await dist('resume', host, '--json')
  expect(jsonLines(resumed.stdout)).toMatchObject([{ host, wasPaused: true }])
  await waitFor(async () => (await shown())?.pausedUntil === undefined, 'the end of the pause')
  expect((await dist()).stdout).toMatch(/ answers +\d+ in the last hour, \d+ refused \(429\), /)
  expect((await api.call('resumeHost', { params: { host } })).body).toEqual({
    wasPaused: false,
    asksForPulls: false,
    jobs: 0,
  })
  expect((await dist('resume', 'none.example')).stderr).toContain('none.example was not paused')
}, 150_000)
