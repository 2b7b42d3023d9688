import { readFileSync } from 'node:fs'
import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { writesIn } from '../support/store-files.js'
import { inOrder, jsonLines, useWorkspace } from '../support/workspace.js'

interface Line {
  name: string
  state: string
  fetched: { objects: number; bytes: number }
  error?: string | undefined
  code?: string | undefined
}

const workspace = useWorkspace()
const mebibyte = 1024 * 1024
const layer = seededLayer('stalls', 4 * mebibyte)
const stalling = ociImage({ layers: [layer] })
const images = [...Array(20).keys()].map((i) => ociImage({ layers: [seededLayer(`whole ${i}`, 1000)] }))

/** A registry with one image that comes to a standstill, and some that come at once. */
async function newRegistry() {
  const registry = await startRegistry()
  for (const [i, image] of images.entries()) registry.content.putImage(`app-${i}`, '1', image)
  registry.content.putImage('slow', '1', stalling)
  registry.script({ path: `/blobs/${layer.descriptor.digest}` }, faults.stalledBody(2 * mebibyte), {
    times: 1,
  })
  const names = ['slow', ...images.keys()].map((i) => `${registry.host}/${i === 'slow' ? i : `app-${i}`}:1`)
  return { registry, names }
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s: every image is counted once, what was done is reported, exit code %i',
  async (signal, code) => {
    const { registry, names } = await newRegistry()
    await using _registry = registry
    const report = `${workspace().root}/report.jsonl`
    const running = workspace().start(['mirror', '--json', '--report', report, ...names])
    await running.said('images 20/21 done, 1 in flight')
    running.child.kill(signal)
    const ended = await running.ended
    expect(ended.code, ended.stderr).toBe(code)
    const lines = jsonLines<Line>(ended.stdout)
    expect(inOrder(lines, names).map(({ name, state }) => [name, state])).toEqual(
      names.map((name, i) => [name, i === 0 ? 'canceled' : 'done']),
    )
    expect(readFileSync(report, 'utf8')).toBe(ended.stdout)
    expect(ended.stderr).toMatch(/^images 20\/21 done, 1 canceled · /m)
    expect(ended.stderr).toMatch(/^dist: 21 images: 20 done, 1 canceled; fetched /m)
    expect(ended.stderr).not.toContain('failed')
    expect(JSON.parse(ended.stderr.trimEnd().split('\n').at(-1) ?? '')).toEqual({
      error: 'interrupted; run the same command to resume',
      code: 'CANCELED',
    })
  },
)

it('the same command goes on, and counts only what it fetches itself', async () => {
  const { registry, names } = await newRegistry()
  await using _registry = registry
  const running = workspace().start(['mirror', ...names])
  await running.said('images 20/21 done, 1 in flight')
  const offset = async () => (await writesIn(workspace().store))[0]?.offset ?? 0
  await waitFor(async () => (await offset()) > 1.5 * mebibyte, 'most of what comes of the layer', 30_000)
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(ended.stdout).toContain('21 images: 20 done, 1 canceled')
  expect(ended.stderr).toContain('dist: interrupted; run the same command to resume\n')
  const again = await workspace().dist(['mirror', '--json', ...names])
  expect(again.code, again.stderr).toBe(0)
  const [slow, ...others] = inOrder(jsonLines<Line>(again.stdout), names)
  expect(slow?.fetched.objects).toBe(1)
  // The rest of the layer: a part of it was kept.
  const kept = layer.descriptor.size - (slow?.fetched.bytes ?? 0)
  expect(kept).toBeGreaterThan(mebibyte)
  expect(registry.received({ path: layer.descriptor.digest }).at(-1)?.headers.range).toBe(`bytes=${kept}-`)
  expect(others.every(({ fetched }) => fetched.objects === 0)).toBe(true)
})

it('images that had not begun are counted, too', async () => {
  const { registry, names } = await newRegistry()
  await using _registry = registry
  registry.script({ path: '/manifests/' }, faults.stalledBody(1))
  const running = workspace().start(['mirror', '--json', ...names])
  await running.said(' in flight')
  running.child.kill('SIGINT')
  const ended = await running.ended
  expect(jsonLines<Line>(ended.stdout).map(({ state }) => state)).toEqual(Array(21).fill('canceled'))
  expect(ended.stderr).toContain('images 0/21 done, 21 canceled')
})
