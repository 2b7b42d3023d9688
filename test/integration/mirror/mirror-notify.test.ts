import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ScriptedRegistry, startRegistry, startServer } from '@dist/testkit'
import { freePort } from '@dist/testkit/servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mirrorText } from '../support/mirror-text.js'
import { putTags, tagDigest } from '../support/prune-world.js'
import { deliveries, startWebhook, type Webhook, webhookSecret } from '../support/webhook.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
let registry: ScriptedRegistry
beforeEach(async () => {
  registry = await startRegistry()
  workspace().file('hook.secret', `${webhookSecret}\n`)
})
afterEach(() => registry[Symbol.asyncDispose]())

/** Mirrors all tags of the repository `app`, and tells a webhook. */
async function mirror(url: string, keys = 'notify: ops', target = 'addresses: [127.0.0.0/8]') {
  const text = `version: 1
notify-targets:
  ops: { url: "${url}", secret-file: hook.secret, ${target} }
mirrors: [{ name: app, from: ${registry.host}/app, tags: all, prune: true, ${keys} }]`
  return await mirrorText(workspace(), text)
}

async function withWebhook<T>(statuses: number[], run: (server: Webhook, url: string) => Promise<T>) {
  await using server = await startWebhook(...statuses)
  return await run(server, `${server.url}/in/path-is-secret`)
}

describe('a webhook', () => {
  it('is told what is new, changed and pruned, signed, and nothing when nothing has changed', async () => {
    await withWebhook([], async (server, url) => {
      putTags(registry, 'app', ['1', '2'])
      expect(await mirror(url)).toMatchObject({ code: 0 })
      await mirror(url)
      putTags(registry, 'app', ['1'])
      await mirror(url)
      const [first, pruned, ...others] = deliveries(server)
      expect(others).toEqual([])
      expect([first?.isGenuine, pruned?.isGenuine, first?.id === pruned?.id]).toEqual([true, true, false])
      expect(first?.age).toBeLessThan(60)
      expect(first?.notice).toMatchObject({
        version: 1,
        entry: 'app',
        result: 'changed',
        counts: { upToDate: 0, changed: 2, pruned: 0, failed: 0 },
        failures: [],
        leftOut: { changed: 0, pruned: 0, failures: 0 },
      })
      expect(first?.notice.changed).toHaveLength(2)
      expect(first?.notice.changed).toContainEqual({ reference: `${registry.host}/app:1`, digest: tagDigest })
      expect(pruned?.notice).toMatchObject({
        counts: { upToDate: 1, changed: 0, pruned: 1 },
        pruned: [{ reference: `${registry.host}/app:2`, digest: tagDigest }],
      })
    })
  })

  it('is told what failed, by cause, and after each run with always', async () => {
    await withWebhook([], async (server, url) => {
      expect((await mirror(url)).code).toBe(3)
      putTags(registry, 'app', ['1'])
      await mirror(url, 'notify: { targets: [ops], on: failed }')
      await mirror(url, 'notify: { targets: ops, on: always }')
      const [failed, always, ...others] = deliveries(server)
      expect(others).toEqual([])
      expect(failed?.notice).toMatchObject({
        result: 'failed',
        counts: { failed: 1 },
        failures: [{ code: 'NOT_FOUND', count: 1, first: `${registry.host}/app` }],
      })
      expect(always?.notice).toMatchObject({ result: 'unchanged', counts: { upToDate: 1 } })
    })
  })

  it('gets a delivery again after 500, under the same id', async () => {
    await withWebhook([500], async (server, url) => {
      putTags(registry, 'app', ['1'])
      expect(await mirror(url)).toMatchObject({ code: 0 })
      const [first, second] = deliveries(server)
      expect(first?.id).toEqual(second?.id)
      expect([first?.isGenuine, second?.isGenuine]).toEqual([true, true])
    })
  })

  it.each([
    [302, 'answers with a redirect (302), which is not followed'],
    [403, 'answers 403: it refuses the notice'],
  ])('that answers %i is not asked again, and the run does not fail', async (status, message) => {
    await withWebhook([status], async (server, url) => {
      putTags(registry, 'app', ['1'])
      const { code, stderr } = await mirror(url)
      expect([code, server.requests.length]).toEqual([0, 1])
      expect(stderr).toContain(`app: notify ops: not delivered: ${server.host} ${message}`)
      expect(stderr).not.toContain('path-is-secret')
    })
  })

  it.each([
    [
      'http://169.254.169.254/latest',
      'addresses: [0.0.0.0/0]',
      /link-local or metadata address.*no setting allows it/,
    ],
    ['http://127.0.0.1:1/', 'addresses: [10.0.0.0/8]', /loopback address, while webhooks count as public/],
    ['http://localhost:1/', 'addresses: []', /add addresses: \["127.0.0.1"\] to the target/],
  ])('at %s is not reached', async (url, target, message) => {
    putTags(registry, 'app', ['1'])
    const { code, stderr } = await mirror(url, 'notify: ops', target)
    expect(code).toBe(0)
    expect(stderr).toMatch(message)
  })

  it('that does not exist, or has no secret, is a mistake before anything is mirrored', async () => {
    putTags(registry, 'app', ['1'])
    const unknown = await mirror('http://127.0.0.1:1/', 'notify: other')
    expect([unknown.code, unknown.stdout]).toEqual([2, ''])
    expect(unknown.stderr).toContain('app: no notify target has the name other')
    workspace().file('hook.secret', '')
    const empty = await mirror('http://127.0.0.1:1/')
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('notify-targets.ops.secret-file')])
  })

  it('checks a delivery as docs/operations.md shows it', async () => {
    const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
    const [, program = ''] = /```js\n(.*?)```/s.exec(page) ?? []
    const port = await freePort()
    const path = workspace().file('receiver.mjs', program)
    const receiver = workspace().startShell(`exec '${process.execPath}' ${path}`, {
      env: { PORT: `${port}`, SECRET: webhookSecret },
    })
    putTags(registry, 'app', ['1'])
    expect(await mirror(`http://127.0.0.1:${port}/`)).toMatchObject({ code: 0 })
    await receiver.said('app changed 1 0 0')
    workspace().file('hook.secret', 'another secret')
    putTags(registry, 'app', ['1', '2'])
    const { stderr } = await mirror(`http://127.0.0.1:${port}/`)
    expect(stderr).toContain('answers 403: it refuses the notice')
  })

  it('that does not answer is given up after 10 s for an attempt', async () => {
    let asked = 0
    await using server = await startServer(() => {
      asked++
      return new Promise(() => {})
    })
    putTags(registry, 'app', ['1'])
    const path = join(workspace().root, 'dist.yaml')
    workspace().file(
      'dist.yaml',
      `version: 1
notify-targets: { ops: { url: "${server.url}", secret-file: hook.secret, addresses: [127.0.0.1] } }
mirrors: [{ name: app, from: ${registry.host}/app, tags: all, notify: ops }]`,
    )
    const running = workspace().start(['mirror', '-f', path])
    await server.requested({}, 1)
    const began = performance.now()
    await server.requested({}, 2)
    expect(performance.now() - began).toBeGreaterThan(9_000)
    running.child.kill('SIGINT')
    expect([(await running.ended).code, asked]).toEqual([130, 2])
  })
})
