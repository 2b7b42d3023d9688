import { faults, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer } from '@dist/testkit/fixtures'
import { freePort, waitFor } from '@dist/testkit/servers'
import { describe, it, type TestContext } from 'vitest'
import { type Running, Workspace } from '../support/workspace.js'

const image = ociImage({ layers: [seededLayer('layer', 3000)] })
const [layer] = image.blobs.slice(-1)
const layerPath = { path: `/blobs/${layer?.descriptor.digest}` }

/** The servers and folders of one test. The tests run concurrently, so each has separate ones. */
class Trouble {
  readonly workspace = new Workspace()

  constructor(private readonly context: TestContext) {
    context.onTestFinished(() => this.workspace.remove())
  }

  async registry(): Promise<ScriptedRegistry> {
    const started = await startRegistry()
    this.context.onTestFinished(() => started[Symbol.asyncDispose]())
    return started
  }

  async withImage(): Promise<ScriptedRegistry> {
    const started = await this.registry()
    started.content.putImage('a', '1', image)
    return started
  }

  /** Starts a command with a separate store. */
  start(name: string, ...args: string[]): Running {
    return this.workspace.start(args, { env: { DIST_STORE: `${this.workspace.store}-${name}` } })
  }
}

describe.concurrent('a host in trouble', () => {
  it('R28 that refuses or does not answer costs images of other hosts nothing, and is reported in one line', async (context) => {
    const { expect } = context
    const trouble = new Trouble(context)
    const [good, silent] = [await trouble.registry(), await trouble.registry()]
    const closed = `127.0.0.1:${await freePort()}`
    silent.script({}, faults.stalledHeaders())
    const names: string[] = []
    for (let i = 0; i < 40; i++) {
      good.content.putImage(`good/${i}`, '1', ociImage({ layers: [seededLayer(`good ${i}`, 2000)] }))
      names.push(`${good.host}/good/${i}:1`)
      if (i % 4 === 0) names.unshift(`${silent.host}/a/${i}:1`, `${closed}/a/${i}:1`)
    }
    const began = performance.now()
    const mirror = trouble.start('many', 'mirror', '-f', trouble.workspace.file('refs', names.join('\n')))
    await waitFor(() => /images 40\/60 done/.test(mirror.stderr()), 'all good images', 60_000)
    // Nothing has failed yet, and waiting images are not in flight.
    expect(mirror.stderr()).not.toMatch(/\d failed/)
    const { code, stderr, stdout } = await mirror.ended
    expect(performance.now() - began).toBeLessThan(95_000)
    expect(code).toBe(6)
    expect(stderr).toMatch(new RegExp(`10 images: ${silent.host} did not answer within 20 s \\(`))
    expect(stderr).toMatch(new RegExp(`10 images: ${closed} refuses the connection; .*\\(`))
    expect(stderr).toContain(`waiting for ${silent.host} to answer`)
    expect(stdout).toMatch(/^60 images: 40 done, 20 failed/m)
    expect(silent.requests.length).toBeLessThanOrEqual(4)
  }, 130_000)

  it('R27 R36 gets a bounded number of requests for one image, in a bounded time', async (context) => {
    const { expect } = context
    const trouble = new Trouble(context)
    const [fails, resets, breaks, busy] = [
      await trouble.withImage(),
      await trouble.withImage(),
      await trouble.withImage(),
      await trouble.withImage(),
    ]
    const [silent, trickling] = [await trouble.registry(), await trouble.withImage()]
    fails.script(layerPath, faults.status(500))
    resets.script(layerPath, faults.closed())
    breaks.script(layerPath, faults.cutBody(0))
    busy.script({}, faults.status(429))
    silent.script({}, faults.stalledHeaders())
    trickling.script(layerPath, faults.drippingBody(1, 1000))
    const began = performance.now()
    const timed = async (running: Running) => {
      const ended = await running.ended
      return { ...ended, seconds: (performance.now() - began) / 1000 }
    }
    const failing = { fails, resets, breaks }
    const pulls = Object.entries(failing).map(([name, { host }]) =>
      timed(trouble.start(name, 'pull', `${host}/a:1`)),
    )
    const refused = timed(trouble.start('refused', 'pull', `127.0.0.1:${await freePort()}/a:1`))
    const patience = timed(trouble.start('busy', 'pull', '--host-patience', '10s', `${busy.host}/a:1`))
    const resolving = timed(trouble.start('silent', 'resolve', `${silent.host}/a:1`))
    const slow = timed(trouble.start('slow', 'pull', `${trickling.host}/a:1`))
    const fetching = timed(
      trouble.start('fetch', 'fetch', `${trickling.host}/a`, layer?.descriptor.digest ?? ''),
    )

    expect(await refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('refuses the connection'),
    })
    expect((await refused).seconds).toBeLessThan(15)

    const { stderr, seconds, code } = await resolving
    expect(code).toBe(1)
    expect(seconds).toBeLessThan(30)
    expect(stderr).toContain(`waiting for ${silent.host} to answer ...\n`)
    expect(stderr).toContain(`${silent.host} did not answer within 20 s`)
    expect(silent.requests).toHaveLength(1)

    expect(await patience).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('limits requests (429)'),
    })
    expect(busy.requests.length).toBeLessThanOrEqual(8)

    for (const pull of await Promise.all(pulls)) expect(pull).toMatchObject({ code: 1 })
    for (const { requests } of Object.values(failing)) {
      const asked = requests.filter(({ path }) => path.includes(layerPath.path))
      expect(asked.length).toBeGreaterThan(1)
      expect(asked.length).toBeLessThanOrEqual(12)
    }

    const tooSlow = `${trickling.host} sent less than 1024 bytes per second for 30 s`
    for (const ended of [await slow, await fetching]) {
      expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(tooSlow) })
      expect(ended.seconds).toBeLessThan(110)
    }
  }, 150_000)

  it('R23 that asks for a pause gets it, and the command reports the pause', async (context) => {
    const { expect } = context
    const trouble = new Trouble(context)
    const short = await trouble.withImage()
    short.script({}, faults.status(429, { 'retry-after': '4' }), { times: 1 })
    const { code, stderr } = await trouble.start('resolve', 'resolve', `${short.host}/a:1`).ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/waiting 4 s: .* limits requests \(429\)/)
    expect(short.requests).toHaveLength(2)
  }, 60_000)
})
