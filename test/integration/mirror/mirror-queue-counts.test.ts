import { readFileSync } from 'node:fs'
import { faults, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { startServices, useRedis } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

interface Line {
  name: string
  to?: string | undefined
  state: string
  sent?: { objects: number } | undefined
  fetched?: { objects: number; bytes: number } | undefined
}

const redis = useRedis()
const workspace = useWorkspace()
const mebibyte = 1024 * 1024
const layer = seededLayer('stalls', 4 * mebibyte)
const slow = ociImage({ layers: [layer] })
const quick = ociImage({ layers: [seededLayer('quick', 1000)] })

const dist = (args: readonly string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })

/** A registry in which one image comes to a standstill. */
async function newRegistry() {
  const registry = await startRegistry()
  registry.content.putImage('slow', '1', slow)
  registry.content.putImage('quick', '1', quick)
  registry.script({ path: `/blobs/${layer.descriptor.digest}` }, faults.stalledBody(2 * mebibyte), {
    times: 1,
  })
  return { registry, names: ['slow', 'quick'].map((name) => `${registry.host}/${name}:1`) }
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: what is done of the run is reported, exit code %i', async (signal, code) => {
  const { registry, names } = await newRegistry()
  await using _registry = registry
  await startServices(workspace(), redis().url)
  const report = `${workspace().root}/report.jsonl`
  const args = ['mirror', '--queue', redis().url, '--json', '--report', report, ...names]
  const running = workspace().start(args)
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
  const watching = workspace().start(['status', '--queue', redis().url, '--watch', '--json'])
  await watching.said('images 1/2 done')
  watching.child.kill(signal)
  const watched = await watching.ended
  expect(watched.code).toBe(code)
  expect(watched.stdout).toBe(ended.stdout)
})

it('bytes that a worker leaves when it stops are fetched once, and by the run', async () => {
  const { registry, names } = await newRegistry()
  await using _registry = registry
  const { worker } = await startServices(workspace(), redis().url)
  const run = (await dist(['mirror', '--detach', names[0] ?? ''])).stdout.trim()
  const offset = async () =>
    jsonLines<{ offset: number }>((await dist(['active', '--json'])).stdout)[0]?.offset ?? 0
  await waitFor(async () => (await offset()) > 1.5 * mebibyte, 'most of what comes of the layer', 20_000)
  worker.child.kill('SIGTERM')
  await worker.ended
  const again = workspace().start([
    'worker',
    '--queue',
    redis().url,
    '--listen',
    '127.0.0.1:0',
    '--name',
    'w2',
  ])
  await again.said('"ready"')
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
  await startServices(workspace(), redis().url)
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
