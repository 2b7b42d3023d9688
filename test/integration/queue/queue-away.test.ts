import { waitFor } from '@dist/testkit/servers'
import { openQueue } from '@dist/wiring/queue'
import { describe, expect, it } from 'vitest'
import { startDurableRedis } from '../support/durable-redis.js'
import { Gate } from '../support/gate.js'
import { perTest } from '../support/servers.js'
import { startServices } from '../support/services-queue.js'
import { linesOf, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = perTest(() => startDurableRedis())

const queue = () => ['--queue', redis().url]
/** A reference without an image. No service runs, so that it does not fail. */
const reference = 'registry.invalid/nothing:1'

/** Submits a run that no service takes; returns its id. */
async function submitted(): Promise<string> {
  await using client = await openQueue(redis().url, {})
  return await client.runs.submit({ references: [reference], platforms: 'all' })
}

const libraries = /ioredis|BullMQ|max ?retries|Connection is closed|internal error/i

describe('while Redis is away', () => {
  it('dist status, runs and active wait for it for some seconds', async () => {
    await submitted()
    await using gate = await new Gate(redis().url).listen()
    gate.close()
    const url = `redis://127.0.0.1:${gate.port}`
    const running = ['status', 'runs', 'active'].map((command) =>
      workspace().start([command, '--queue', url]),
    )
    await waitFor(() => gate.refused >= 6, 'connections that are refused', 30_000)
    gate.open()
    for (const { ended } of running) {
      const { code, stderr } = await ended
      expect([code, stderr]).toEqual([0, ''])
    }
  })

  it('they fail with one line after that', async () => {
    await redis().kill()
    const before = performance.now()
    const all = ['status', 'runs', 'active'].map((command) => workspace().dist([command, ...queue()]))
    for (const { code, stdout, stderr } of await Promise.all(all)) {
      expect([code, stdout]).toEqual([1, ''])
      expect(linesOf(stderr)).toEqual([
        expect.stringMatching(/^dist: redis at 127\.0\.0\.1:\d+: .*ECONNREFUSED/),
      ])
      expect(stderr).not.toMatch(libraries)
    }
    expect(performance.now() - before).toBeLessThan(30_000)
  })

  it('dist status --watch waits for it at start, reports it once, and follows the run', async () => {
    const run = await submitted()
    await redis().kill()
    const watching = workspace().start(['status', '--watch', ...queue()])
    await watching.said('waiting for the queue')
    await redis().start()
    await watching.said('images 0/1 done')
    await using client = await openQueue(redis().url, {})
    await client.runs.cancel(run)
    const { code, stderr } = await watching.ended
    expect(code).toBe(1)
    expect(stderr.match(/waiting for the queue/g)).toHaveLength(1)
    expect(stderr).not.toMatch(libraries)
  })
})

describe('a run that is followed when Redis restarts', () => {
  it('is still followed by dist mirror and dist status --watch, also when it ends meanwhile', async () => {
    const mirroring = workspace().start(['mirror', ...queue(), reference])
    await mirroring.said('submitted')
    const watching = workspace().start(['status', '--watch', ...queue()])
    await watching.said('images 0/1 done')
    const { coordinator } = await startServices(workspace(), redis().url, ['--host-patience', '5s'])
    await redis().kill()
    for (const running of [mirroring, watching]) await running.said('waiting for the queue')
    await redis().start()
    for (const running of [mirroring, watching]) {
      const { code, stdout, stderr } = await running.ended
      expect(code).toBe(1)
      expect(stdout).toContain('1 image: 0 done, 1 failed')
      expect(stderr).toContain(reference)
      expect(stderr).not.toMatch(libraries)
    }
    expect(coordinator.stderr()).toBe('')
  })

  it('goes on after Ctrl-C, also while Redis is away', async () => {
    const mirroring = workspace().start(['mirror', ...queue(), reference])
    await mirroring.said('images 0/1 done')
    await redis().kill()
    await mirroring.said('waiting for the queue')
    const before = performance.now()
    mirroring.child.kill('SIGINT')
    expect((await mirroring.ended).code).toBe(130)
    expect(performance.now() - before).toBeLessThan(15_000)
    await redis().start()
    await waitFor(async () => (await redis().admin.ping()) === 'PONG', 'Redis')
  })
})
