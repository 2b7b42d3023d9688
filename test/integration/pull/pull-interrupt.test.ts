import { faults, startRegistry } from '@dist/testkit'
import {
  digestsOf,
  type FixtureImage,
  largeImage,
  ociImage,
  seededLayer,
  tarLayer,
} from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { leftovers, namesIn, rehash, writesIn } from '../support/store-files.js'
import { type Running, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const mediumImage = ociImage({
  layers: [tarLayer([{ path: 'small', content: 'small' }]), seededLayer('medium', 24 * 1024 * 1024)],
})
const images: [string, FixtureImage][] = [
  ['in the main thread', mediumImage],
  ['in worker threads', largeImage()],
]

async function stalling(image: FixtureImage) {
  const registry = await startRegistry()
  registry.content.putImage('app', '1', image)
  const layer = image.blobs.at(-1)?.descriptor.digest ?? ''
  registry.script({ path: `/blobs/${layer}` }, faults.stalledBody(12 * 1024 * 1024), { times: 1 })
  return { registry, layer, reference: `${registry.host}/app:1` }
}

const writes = () => writesIn(workspace().store)

/** Pulls until the layer got as far as it comes and everything else is there. */
async function startStalled(reference: string, layer: string): Promise<Running> {
  const running = workspace().start(['pull', reference])
  const stalled = async () => {
    const [only, ...others] = await writes()
    return others.length === 0 && only !== undefined && only.ref.includes(layer) && only.offset >= 8_000_000
  }
  await waitFor(stalled, 'the write that goes no further', 30_000)
  return running
}

it.each(images)('SIGINT %s: 130 at once, and the next pull goes on where it stopped', async (_, image) => {
  const { registry, layer, reference } = await stalling(image)
  await using _registry = registry
  const running = await startStalled(reference, layer)
  const before = performance.now()
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(performance.now() - before).toBeLessThan(3_000)
  expect(ended).toMatchObject({ code: 130, stdout: '' })
  expect(ended.stderr).toContain('dist: interrupted; run the same command to resume\n')
  expect(ended.stderr).not.toContain('    at ')
  const [cut, ...others] = await writes()
  expect(others).toEqual([])
  expect(cut).toMatchObject({ live: false, ref: expect.stringContaining(layer) })
  expect(await namesIn(workspace().store)).toEqual([])

  const again = await workspace().dist(['pull', reference])
  expect(again.code, again.stderr).toBe(0)
  const asked = registry.received({ path: `/blobs/${layer}` })
  expect(asked.map(({ headers, status }) => [headers.range, status])).toEqual([
    [undefined, 200],
    [`bytes=${cut?.offset}-`, 206],
  ])
  // What was there already was not asked for again.
  for (const { descriptor } of image.blobs.filter((blob) => blob.descriptor.digest !== layer))
    expect(registry.received({ path: `/blobs/${descriptor.digest}` })).toHaveLength(1)
  expect(await rehash(workspace().store)).toEqual(digestsOf(image))
  expect(await leftovers(workspace().store)).toEqual([])
})

it('SIGTERM: 143, as resumable', async () => {
  const { registry, layer, reference } = await stalling(mediumImage)
  await using _registry = registry
  const running = await startStalled(reference, layer)
  running.child.kill('SIGTERM')
  expect(await running.ended).toMatchObject({ code: 143, stdout: '' })
  expect(await writes()).toMatchObject([{ live: false }])
})

it.each(images)('S6 kill -9 %s: the next pull finishes, no lock blocks it', async (_, image) => {
  const { registry, layer, reference } = await stalling(image)
  await using _registry = registry
  const running = await startStalled(reference, layer)
  running.child.kill('SIGKILL')
  expect((await running.ended).code).toBeUndefined()
  await rehash(workspace().store)
  const before = performance.now()
  const again = await workspace().dist(['pull', reference])
  expect(again.code, again.stderr).toBe(0)
  expect(performance.now() - before).toBeLessThan(5_000)
  expect(await rehash(workspace().store)).toEqual(digestsOf(image))
  expect((await workspace().dist(['pull', reference])).stderr).toContain('up to date')
  expect(await leftovers(workspace().store)).toEqual([])
})

it('a pull that waits for another process’s write ends at once when it is interrupted', async () => {
  const { registry, layer, reference } = await stalling(mediumImage)
  await using _registry = registry
  await startStalled(reference, layer)
  const waiting = workspace().start(['pull', reference])
  await waiting.said('resolved')
  waiting.child.kill('SIGINT')
  expect(await waiting.ended).toMatchObject({ code: 130, stdout: '' })
})

it('a pull takes over from another process that is killed while it waits', async () => {
  const { registry, layer, reference } = await stalling(mediumImage)
  await using _registry = registry
  const killed = await startStalled(reference, layer)
  const waiting = workspace().start(['pull', reference])
  await waiting.said('resolved')
  killed.child.kill('SIGKILL')
  expect((await waiting.ended).code).toBe(0)
  expect(await rehash(workspace().store)).toEqual(digestsOf(mediumImage))
})
