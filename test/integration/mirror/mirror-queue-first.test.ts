import { indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { startRedis } from '@dist/testkit/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forFile, forTest, useRegistry } from '../support/servers.js'
import { pushMany, startServices } from '../support/services-queue.js'
import { type Ended, jsonLines, Workspace } from '../support/workspace.js'

const many = 10
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'single', '1', singleImage)
  await pushImage(url, 'index', '1', indexImage)
  await pushMany(url, 'many', many)
})
const redis = await forFile(startRedis())
const workspace = new Workspace()
afterAll(() => workspace.remove())

const ref = (name: string) => `${registry().host}/${name}`
const dist = (...args: string[]) => workspace.dist(args, { env: { DIST_QUEUE: redis.url } })

it('unknown runs, and no run at all: 3', async () => {
  const empty = await forTest(startRedis())
  const at = (...args: string[]) => workspace.dist(args, { env: { DIST_QUEUE: empty.url } })
  for (const args of [['status'], ['status', 'none'], ['retry', 'none'], ['cancel', 'none']]) {
    const ended = await at(...args)
    expect(ended.code, args.join(' ')).toBe(3)
    expect(ended.stderr).toMatch(/^dist: [^\n]+\n$/)
  }
  expect((await at('runs')).code).toBe(0)
})

describe('clients of a queue that gets its services later', () => {
  /** A run from before the queue was wiped. */
  let lost = ''
  /** A command that waits for its run since then. */
  let attached: Ended
  let detached: Ended
  let statusBefore: { stdout: string }
  let watched: Ended
  let runs: Ended
  const stopped: (number | undefined)[] = []

  beforeAll(async () => {
    lost = (await dist('mirror', '--detach', ref('index:1'))).stdout.trim()
    const manyRefs = [...Array(many).keys()].map((i) => ref(`many/${i}:1`))
    const waiting = workspace.start(['mirror', '--queue', redis.url, ...manyRefs])
    await waiting.said('images 0/10')
    await redis.restart()
    await waiting.said('submitted again as')
    detached = await dist('mirror', '--detach', ref('single:1'))
    statusBefore = await dist('status', '--json', detached.stdout.trim())
    const watch = workspace.start(['status', '--watch', detached.stdout.trim(), '--queue', redis.url])
    await watch.said('images 0/1 done')
    const { coordinator, worker } = await startServices(workspace, redis.url)
    attached = await waiting.ended
    watched = await watch.ended
    runs = await dist('runs')
    for (const service of [coordinator, worker]) {
      service.child.kill('SIGTERM')
      stopped.push((await service.ended).code)
    }
  }, 180_000)

  it('an attached one submits its run again when the queue is wiped', async () => {
    expect(attached).toMatchObject({ code: 0, stdout: expect.stringContaining('10 images: 10 done') })
    const names = jsonLines((await workspace.dist(['images', '--json'])).stdout).map(({ name }) => name)
    expect(names.filter((name) => String(name).includes('/many/'))).toHaveLength(many)
  })

  it('a run without a waiting client is lost when the queue is wiped', async () => {
    const status = await dist('status', lost)
    expect(status.code).toBe(3)
    expect(status.stderr).toContain('submit it again with dist mirror')
  })

  it('--detach leaves, status --watch follows, runs lists', async () => {
    expect(detached.code).toBe(0)
    expect(detached.stderr).toContain('no service has used this queue yet')
    const run = detached.stdout.trim()
    expect(JSON.parse(statusBefore.stdout)).toMatchObject({
      id: run,
      state: 'running',
      images: { total: 1, done: 0 },
    })
    expect(watched).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${ref('single:1')} ${singleImage.descriptor.digest}`),
    })
    expect(runs.stdout).toMatch(new RegExp(`^${run} +mirror +done +\\S+ +1/1 +0 `, 'm'))
  })

  it('services end with SIGTERM: 0', () => {
    expect(stopped).toEqual([0, 0])
  })
})
