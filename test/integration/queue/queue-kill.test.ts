import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readContent } from '@dist/content'
import { openLocalStore } from '@dist/content-local'
import { digestOf } from '@dist/oci'
import { openRuns } from '@dist/queue'
import { faults, startRegistry } from '@dist/testkit'
import { type FixtureImage, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { bundleProgram, type ServerProcess, startRedis, startServer, waitFor } from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { perTest } from '../support/servers.js'

const program = await bundleProgram({
  file: fileURLToPath(new URL('../support/queue-program.ts', import.meta.url)),
})
const once = { times: 1 }
const shared = seededLayer('shared', 300_000)

const redis = perTest(() => startRedis())
const registry = perTest(() => startRegistry())
let folder: string
const started: ServerProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dist-queue-'))
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()))
  await rm(folder, { recursive: true, force: true })
})

async function start(role: 'coordinator' | 'worker', skew = 0): Promise<ServerProcess> {
  let ready = false
  const onLine = (line: string) => {
    ready ||= line === 'ready'
  }
  const args = [program, role, String(redis().port), folder, String(skew)]
  const service = await startServer(process.execPath, args, { ready: async () => ready, onLine })
  started.push(service)
  return service
}

async function submit(references: readonly string[]) {
  const connect = () => new Redis({ port: redis().port, host: '127.0.0.1', maxRetriesPerRequest: null })
  const runs = openRuns({ connect })
  return { runs, run: await runs.submit({ references, platforms: 'all' }) }
}

function push(count: number): { images: FixtureImage[]; references: string[] } {
  const images = Array.from({ length: count }, (_, i) =>
    ociImage({ layers: [shared, seededLayer(`own-${i}`, 20_000)] }),
  )
  for (const [i, image] of images.entries()) registry().content.putImage('a', `v${i}`, image)
  return { images, references: images.map((_, i) => `${new URL(registry().url).host}/a:v${i}`) }
}

function asked(path: string): number {
  return registry().requests.filter((request) => request.path.includes(path) && request.method === 'GET')
    .length
}

async function expectWhole(images: readonly FixtureImage[], references: readonly string[]) {
  await using store = await openLocalStore(folder)
  for (const [i, image] of images.entries()) {
    const published = await store.names.get(references[i] ?? '')
    expect(published.desc.digest).toBe(image.descriptor.digest)
    for (const { descriptor } of image.blobs) {
      const content = await readContent(store.content, descriptor, descriptor.size)
      expect(digestOf(content)).toBe(descriptor.digest)
    }
  }
}

describe('processes that share a Redis and a store', () => {
  it('mirror everything though a worker is killed in the middle of a blob and a coordinator at any time (Q2)', async () => {
    const { images, references } = push(12)
    registry().script({ path: new RegExp(shared.descriptor.digest) }, faults.drippingBody(1_000, 100), once)
    const [worker, coordinator] = await Promise.all([
      start('worker'),
      start('coordinator'),
      start('coordinator'),
    ])
    const { runs, run } = await submit(references)
    await waitFor(() => asked(shared.descriptor.digest) === 1, 'the transfer of the shared layer')
    process.kill(worker.pid, 'SIGKILL')
    process.kill(coordinator.pid, 'SIGKILL')
    await start('worker')
    await waitFor(async () => (await runs.status(run)).state !== 'running', 'the end of the run', 30_000)
    expect(await runs.status(run)).toMatchObject({ state: 'done', images: { done: 12, failed: 0 } })
    // By the killed worker, and by the one that took over.
    expect(asked(shared.descriptor.digest)).toBe(2)
    await expectWhole(images, references)
    await runs[Symbol.asyncDispose]()
  })

  it('hand their jobs back on SIGTERM, and lose nothing (Q12)', async () => {
    const { images, references } = push(4)
    registry().script({ path: new RegExp(shared.descriptor.digest) }, faults.drippingBody(1_000, 100), once)
    const [worker, coordinator] = await Promise.all([start('worker'), start('coordinator')])
    const { runs, run } = await submit(references)
    await waitFor(() => asked(shared.descriptor.digest) === 1, 'the transfer of the shared layer')
    await Promise.all([worker.stop(), coordinator.stop()])
    const admin = new Redis({ port: redis().port, host: '127.0.0.1' })
    expect(await admin.llen('{dist}:blobs:active')).toBe(0)
    expect(await admin.llen('{dist}:images:active')).toBe(0)
    admin.disconnect()
    await Promise.all([start('worker'), start('coordinator')])
    await waitFor(async () => (await runs.status(run)).state !== 'running', 'the end of the run', 30_000)
    expect(await runs.status(run)).toMatchObject({ state: 'done', images: { done: 4, failed: 0 } })
    await expectWhole(images, references)
    await runs[Symbol.asyncDispose]()
  })

  it('lose nothing when their clocks are ten minutes apart, also when the fastest is killed (Q13)', async () => {
    const { images, references } = push(6)
    const minutes = 10 * 60_000
    const [fast] = await Promise.all([start('coordinator', minutes), start('worker', -minutes)])
    const first = await submit(references.slice(0, 3))
    const ended = async () => (await first.runs.status(first.run)).state === 'done'
    await waitFor(ended, 'the end of the first run', 30_000)
    // While its layer is held, the job of the second run is delayed by the fast clock of a coordinator that is then killed.
    registry().script(
      { path: new RegExp(images[4]?.blobs[2]?.descriptor.digest ?? '') },
      faults.drippingBody(1_000, 100),
      once,
    )
    const { runs, run } = await submit(references)
    await waitFor(async () => (await runs.status(run)).images.active > 0, 'the second run')
    process.kill(fast.pid, 'SIGKILL')
    await start('coordinator')
    await waitFor(async () => (await runs.status(run)).state !== 'running', 'the end of the run', 30_000)
    expect(await runs.status(run)).toMatchObject({ state: 'done', images: { done: 6, failed: 0 } })
    await expectWhole(images, references)
    for (const open of [first.runs, runs]) await open[Symbol.asyncDispose]()
  })
})
