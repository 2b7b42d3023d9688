import { pushImage, singleImage } from '@dist/testkit/fixtures'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { type Running, useWorkspace } from '../support/workspace.js'

const registry = useRegistry(({ url }) => pushImage(url, 'single', '1', singleImage))
const redis = useRedis()
const workspace = useWorkspace()
let admin: Redis
beforeEach(() => {
  admin = new Redis({ port: redis().port })
  admin.on('error', () => {})
})
afterEach(() => admin.disconnect())

const reference = () => `${registry().host}/single:1`
const start = (...args: string[]) => workspace().start([...args, '--queue', redis().url])
const mirror = () => start('mirror', reference())

/** The run of a command that follows it. */
async function followed(running: Running): Promise<string> {
  await running.said('images 0/1 done')
  return /run (\S+): 1 image submitted/.exec(running.stderr())?.[1] ?? expect.unreachable(running.stderr())
}

/** Milliseconds from the submission of a run to the end of its command. */
async function duration(): Promise<number> {
  const running = mirror()
  await running.said('submitted')
  const before = performance.now()
  expect((await running.ended).code).toBe(0)
  return performance.now() - before
}

it('a command ends as soon as its run, not when it looks again', async () => {
  await startServices(workspace(), redis().url)
  let shortest = await duration()
  // On a busy machine each may take as long as the interval of its looks, which is a second.
  for (let i = 0; i < 20 && shortest >= 900; i++) shortest = Math.min(shortest, await duration())
  expect(shortest).toBeLessThan(900)
})

it('every command that follows a run ends with it; the exit code of a canceled run is not 0', async () => {
  const running = mirror()
  const run = await followed(running)
  const watching = [start('status', '--watch', run), start('status', '--watch', run)]
  for (const each of watching) await each.said('images 0/1 done')
  expect((await workspace().dist(['cancel', run, '--queue', redis().url])).code).toBe(0)
  for (const { ended } of [running, ...watching]) {
    const { code, stderr } = await ended
    expect(code).toBe(1)
    expect(stderr).toContain(`run ${run} was canceled`)
  }
})

describe('the end of a run that is not announced', () => {
  it('by a coordinator of an earlier version is seen at the next look (Q16)', async () => {
    const running = mirror()
    const run = await followed(running)
    await admin.hset(`{dist}:run:${run}`, { state: 'done', endedAt: Date.now(), 'images:done': 1 })
    await admin.hset(`{dist}:run:${run}:images`, 0, JSON.stringify({ attempt: 1, state: 'done' }))
    expect(await running.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('1 image: 1 done') })
  })

  it('because the run was removed is a lost run', async () => {
    const run = await followed(mirror())
    const watching = start('status', '--watch', run)
    await watching.said('images 0/1 done')
    await admin.unlink(`{dist}:run:${run}`)
    const { code, stderr } = await watching.ended
    expect(code).not.toBe(0)
    expect(stderr).toContain(`run ${run} is lost`)
  })

  it('to a user without the right to read announcements is seen at the next look', async () => {
    await admin.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+@all', '-xread')
    const env = { DIST_QUEUE_USERNAME: 'limited', DIST_QUEUE_PASSWORD: 'secret' }
    const running = workspace().start(['mirror', reference(), '--queue', redis().url], { env })
    await followed(running)
    await startServices(workspace(), redis().url)
    expect((await running.ended).code).toBe(0)
  })
})
