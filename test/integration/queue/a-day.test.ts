import { Notifier, type RunStatus } from '@dist/runs'
import { checkMirrorFile } from '@dist/sync'
import { waitFor } from '@dist/testkit/servers'
import { schedulesOf as schedulesOfFile } from '@dist/wiring/mirror-file'
import { Queue } from 'bullmq'
import { afterEach, expect, it, vi } from 'vitest'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { type QueueWorld, useQueue } from '../support/queue-world.js'
import { schedulesOf } from '../support/schedules.js'

const queue = useQueue()
afterEach(() => void vi.useRealTimers())

const text = `
version: 1
name: mirrors
defaults: { notify: { targets: ops, on: always } }
mirrors:
  - name: nightly
    from: registry.test/app
    tags: all
    prune: true
    schedule: 15 3 * * *
    time-zone: Europe/Berlin
  - { name: often, from: registry.test/base, tags: { include: "v*" }, prune: true, every: 6h }
`

/** What the registry has: images by repository and tag. */
class Upstream {
  readonly #tags = new Map<string, Set<string>>()

  constructor(private readonly world: QueueWorld) {}

  put(repository: string, tag: string, seed: string): void {
    this.#tags.set(repository, new Set([...(this.#tags.get(repository) ?? []), tag]))
    this.world.remote.push(imageOf(['base', seed]), `registry.test/${repository}:${tag}`)
  }

  delete(repository: string, tag: string): void {
    this.#tags.get(repository)?.delete(tag)
  }

  readonly lists = {
    repository: ({ repository }: { repository: string }) => ({
      tags: () => iterate(this.#tags.get(repository) ?? new Set()),
    }),
    repositories: () => iterate(new Set(this.#tags.keys())),
    datedTags: () => undefined,
  }
}

async function* iterate(texts: ReadonlySet<string>): AsyncGenerator<string> {
  yield* texts
}

/** Moves the clock, and waits for the runs that are due then. */
async function due(world: QueueWorld, time: string, ...names: string[]): Promise<RunStatus[]> {
  const runs = world.runs()
  const before = await runs.list()
  vi.setSystemTime(new Date(time))
  const jobs = new Queue('schedules', { connection: world.connect(), prefix: '{dist}' })
  // One that the coordinator has taken meanwhile needs no promotion.
  for (const job of await jobs.getDelayed())
    if (job.timestamp + job.delay <= Date.now()) await job.promote().catch(() => {})
  let begun: RunStatus[] = []
  const ended = async () => {
    begun = (await runs.list()).filter(({ id }) => before.every((run) => run.id !== id))
    return begun.length === names.length && begun.every(({ state }) => state !== 'running')
  }
  await waitFor(ended, `the runs of ${names.join(', ')}`).catch((error: unknown) => {
    throw new Error(`${error}: ${JSON.stringify(begun)}`)
  })
  expect(begun.map(({ schedule, state }) => `${schedule} ${state}`).sort()).toEqual(
    names.map((name) => `${name} done`).sort(),
  )
  return begun
}

async function stored({ content, names }: QueueWorld) {
  const found = { names: {} as Record<string, string>, bytes: 0 }
  for await (const { name, desc } of names.list())
    found.names[name.slice('registry.test/'.length)] = desc.digest
  for await (const { size } of content.walk()) found.bytes += size
  return found
}

it('a file with two schedules, for a day: the mirror follows its registry, frees space, and tells a webhook', async () => {
  const world = queue()
  const upstream = new Upstream(world)
  for (const tag of ['1', '2', '3']) upstream.put('app', tag, `app ${tag}`)
  upstream.put('base', 'v1', 'base v1')
  const told: Record<string, unknown>[] = []
  const notifier = new Notifier({
    targets: { ops: { url: 'https://hooks.test/', secretFile: '/run/secret' } },
    post: async (_target, { body }) => {
      told.push(JSON.parse(body))
      return { status: 204 }
    },
    readSecret: async () => 'secret',
  })
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
  vi.setSystemTime(new Date('2026-06-01T22:00Z'))
  const checked = await checkMirrorFile(text, { path: '/etc/dist.yaml', language: 'yaml' })
  if ('mistakes' in checked) return expect.unreachable(JSON.stringify(checked.mistakes))
  await schedulesOf(world).apply(schedulesOfFile(checked, '/etc/dist.yaml'))
  const collections = { timing: { pattern: '0 5 * * *', timeZone: 'UTC' }, grace: 3_600_000 }
  const services = [world.coordinator({ lists: upstream.lists, notifier, collections }), world.worker()]
  await Promise.all(services)

  await due(world, '2026-06-01T22:00:05Z', 'often')
  expect(Object.keys((await stored(world)).names)).toEqual(['base:v1'])
  await due(world, '2026-06-02T01:15:01Z', 'nightly')
  const first = await stored(world)
  expect(Object.keys(first.names).sort()).toEqual(['app:1', 'app:2', 'app:3', 'base:v1'])

  upstream.put('app', '2', 'app 2, moved')
  upstream.delete('app', '3')
  upstream.put('base', 'v2', 'base v2')
  await due(world, '2026-06-02T04:00:10Z', 'often')
  const [idle] = await due(world, '2026-06-02T05:00:01Z', 'gc')
  expect(idle?.collection?.outcome?.deleted.objects).toBe(0)

  // Between 10:00 and 22:00 nothing was looked at: what `often` has missed is made up for once.
  await due(world, '2026-06-03T01:15:01Z', 'nightly', 'often')
  const moved = await stored(world)
  expect(Object.keys(moved.names).sort()).toEqual(['app:1', 'app:2', 'base:v1', 'base:v2'])
  expect(moved.names['app:2']).not.toBe(first.names['app:2'])
  const last = await due(world, '2026-06-03T05:00:01Z', 'often', 'gc')
  const collected = last.find(({ kind }) => kind === 'collect')
  const after = await stored(world)
  expect(after.names).toEqual(moved.names)
  expect(after.bytes).toBeLessThan(moved.bytes)
  expect(collected?.collection?.outcome?.deleted.bytes).toBe(moved.bytes - after.bytes)
  // The old image of `2` and that of `3`, each with a manifest, a config and a layer of its own.
  expect(collected?.collection?.outcome?.deleted.objects).toBe(6)

  await waitFor(() => told.length === 6, 'the notices')
  expect(told.filter(({ entry }) => entry === 'nightly')).toMatchObject([
    { result: 'changed', counts: { changed: 3, pruned: 0, failed: 0 } },
    {
      result: 'changed',
      counts: { upToDate: 1, changed: 1, pruned: 1, failed: 0 },
      changed: [
        { reference: 'registry.test/app:2', previous: first.names['app:2'], digest: moved.names['app:2'] },
      ],
      pruned: [{ reference: 'registry.test/app:3' }],
    },
  ])
  expect(told.filter(({ entry }) => entry === 'often')).toMatchObject([
    { counts: { changed: 1 } },
    { counts: { upToDate: 1, changed: 1 } },
    { result: 'unchanged' },
    { result: 'unchanged' },
  ])
})
