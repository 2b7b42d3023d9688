import { readFileSync } from 'node:fs'
import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { useServedQueue } from '../support/services-queue.js'
import { jsonLines } from '../support/workspace.js'

interface Line {
  name: string
  to?: string | undefined
  state: string
  sent?: { objects: number } | undefined
  fetched?: { objects: number; bytes: number } | undefined
}

const queue = useServedQueue()
const mebibyte = 1024 * 1024

const dist = (args: readonly string[]) => queue().dist(args)
const start = (...args: string[]) => queue().workspace.start([...args, '--queue', queue().redis.url])

let registries = 0

/** A registry in which one image comes to a standstill. The store has nothing of its images. */
async function newRegistry() {
  const test = ++registries
  const layer = seededLayer(`stalls ${test}`, 4 * mebibyte)
  const slow = ociImage({ layers: [layer] })
  const registry = await startRegistry()
  registry.content.putImage('slow', '1', slow)
  registry.content.putImage('quick', '1', ociImage({ layers: [seededLayer(`quick ${test}`, 1000)] }))
  registry.script({ path: `/blobs/${layer.descriptor.digest}` }, faults.stalledBody(2 * mebibyte), {
    times: 1,
  })
  return { registry, layer, slow, names: ['slow', 'quick'].map((name) => `${registry.host}/${name}:1`) }
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: what is done of the run is reported, exit code %i', async (signal, code) => {
  const { registry, names } = await newRegistry()
  await using _registry = registry
  const report = `${queue().workspace.root}/report.jsonl`
  const running = start('mirror', '--json', '--report', report, ...names)
  await running.said('images 1/2 done, 1 in flight')
  running.child.kill(signal)
  const ended = await running.ended
  expect(ended.code, ended.stderr).toBe(code)
  expect(jsonLines<Line>(ended.stdout).map(({ name, state }) => [name, state])).toEqual([
    [names[0], 'active'],
    [names[1], 'done'],
  ])
  expect(readFileSync(report, 'utf8')).toBe(ended.stdout)
  expect(ended.stderr).toMatch(/^\{"error":"detached from run \w+: the run continues","code":"CANCELED"\}$/m)
  const watching = start('status', '--watch', '--json')
  await watching.said('images 1/2 done')
  watching.child.kill(signal)
  const watched = await watching.ended
  expect(watched.code).toBe(code)
  expect(watched.stdout).toBe(ended.stdout)
  const [{ run } = { run: '' }] = jsonLines<{ run: string }>(ended.stdout)
  expect(await dist(['cancel', run])).toMatchObject({ code: 0 })
})

it('bytes that a worker leaves when it stops are fetched once, and by the run', async () => {
  const { registry, layer, slow, names } = await newRegistry()
  await using _registry = registry
  const { worker } = queue()
  const run = (await dist(['mirror', '--detach', names[0] ?? ''])).stdout.trim()
  const watch = start('active', '--watch', '--json')
  const shown = () => jsonLines<{ offset: number }>(watch.stdout().replace(/[^\n]*$/, ''))
  const isFar = () => shown().some(({ offset }) => offset > 1.5 * mebibyte)
  await waitFor(isFar, 'most of what comes of the layer', 30_000)
  watch.child.kill('SIGINT')
  // The next tests have the other one.
  const again = start('worker', '--listen', '127.0.0.1:0', '--name', 'w2')
  await again.said('"ready"')
  worker.child.kill('SIGTERM')
  await worker.ended
  expect(await dist(['status', '--watch', run])).toMatchObject({ code: 0 })
  const asked = registry.received({ path: layer.descriptor.digest })
  expect(asked.at(-1)?.headers.range).toMatch(/^bytes=\d{7}-$/)
  const bytes = slow.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0)
  const status = JSON.parse((await dist(['status', run, '--json'])).stdout)
  expect(status).toMatchObject({ state: 'done', bytes: { total: bytes, fetched: bytes } })
})

it('a run to a registry names where its images go, and says that they are sent', async () => {
  const { registry, names } = await newRegistry()
  await using _registry = registry
  await using destination = await startRegistry()
  const to = `${destination.host}/m`
  const ended = await dist(['mirror', '--to', to, names[1] ?? ''])
  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stdout).toMatch(
    new RegExp(
      `^${names[1]} -> ${to}/quick:1 sha256:\\w{64}  sent 3 objects .*\n1 image: 1 done; sent .* to ${to}, shared`,
    ),
  )
  const again = await dist(['mirror', '--to', to, '--json', ...names.slice(1), `${registry.host}/none:1`])
  expect(jsonLines<Line>(again.stdout)).toMatchObject([
    { name: names[1], to: `${to}/quick:1`, state: 'done', sent: { objects: 0 } },
    { name: `${registry.host}/none:1`, to: `${to}/none:1`, state: 'failed', code: 'NOT_FOUND' },
  ])
})
