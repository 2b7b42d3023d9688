import { type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { waitFor } from '@dist/testkit/servers'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { putTags } from '../support/prune-world.js'
import { useRedis } from '../support/services-queue.js'
import { deliveries, startWebhook, webhookSecret } from '../support/webhook.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = useRedis()
let registry: ScriptedRegistry
beforeEach(async () => {
  registry = await startRegistry()
})
afterEach(() => registry[Symbol.asyncDispose]())

const start = (service: string, ...args: string[]) =>
  workspace().start([service, '--queue', redis().url, '--listen', '127.0.0.1:0', ...args])

/** Starts a coordinator that has the target `ops`. */
async function startCoordinator(url: string) {
  workspace().file('hook.secret', webhookSecret)
  const targets = { ops: { url, 'secret-file': 'hook.secret', addresses: ['127.0.0.1'] } }
  const config = workspace().file(
    'settings.json',
    JSON.stringify({ coordinator: { 'notify-targets': targets } }),
  )
  const coordinator = start('coordinator', '--config', config)
  await coordinator.said('"ready"')
  return coordinator
}

async function mirror(keys: string) {
  const text = `version: 1\nmirrors: [{ name: app, from: ${registry.host}/app, tags: all, ${keys} }]`
  return await workspace().dist(['mirror', '-f', workspace().file('dist.yaml', text)], {
    env: { DIST_QUEUE: redis().url },
  })
}

/** All strings that Redis has. */
async function inRedis(): Promise<string> {
  const client = new Redis(redis().url)
  const texts: string[] = []
  for (const key of await client.keys('*')) {
    const type = await client.type(key)
    if (type === 'string') texts.push((await client.get(key)) ?? '')
    if (type === 'hash') texts.push(JSON.stringify(await client.hgetall(key)))
    if (type === 'stream') texts.push(JSON.stringify(await client.xrange(key, '-', '+')))
  }
  client.disconnect()
  return texts.join('\n')
}

it('a coordinator that is killed before a delivery succeeds leaves it to the next one, under the same id', async () => {
  await using server = await startWebhook(500)
  const url = `${server.url}/in/path-is-secret`
  putTags(registry, 'app', ['1'])
  const first = await startCoordinator(url)
  const worker = start('worker')
  await worker.said('"ready"')
  expect(await mirror('notify: ops')).toMatchObject({ code: 0 })
  await server.requested({}, 1)
  first.child.kill('SIGKILL')
  await first.ended
  const second = await startCoordinator(url)
  await second.said('"msg":"notice delivered"')
  const [refused, accepted] = deliveries(server)
  expect([refused?.isGenuine, accepted?.isGenuine]).toEqual([true, true])
  expect(accepted?.id).toBe(refused?.id)
  expect(accepted?.notice).toMatchObject({ entry: 'app', result: 'changed', counts: { changed: 1 } })
  expect(accepted?.notice.run).toMatch(/^[a-z0-9]+$/)
  const kept = await inRedis()
  expect(kept).toContain('"ops')
  expect(kept).not.toContain('path-is-secret')
  expect(kept + first.stdout() + second.stdout()).not.toContain(webhookSecret)
})

it('a target that the coordinators do not have fails the run with its name, and one in a submitted file is refused', async () => {
  await using server = await startWebhook()
  putTags(registry, 'app', ['1'])
  await startCoordinator(server.url)
  const unknown = await mirror('notify: other')
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain('app: no notify target has the name other')
  const text = `version: 1\nnotify-targets: { ops: { url: "${server.url}", secret-file: hook.secret } }\nmirrors: []`
  const own = await workspace().dist(['mirror', '-f', workspace().file('own.yaml', text)], {
    env: { DIST_QUEUE: redis().url },
  })
  expect([own.code, own.stderr]).toEqual([
    2,
    expect.stringContaining('notify-targets is not allowed in a file that is submitted'),
  ])
  expect(server.requests).toEqual([])
})

it('a notice that is refused fails no run, and the status of the run shows it', async () => {
  await using server = await startWebhook(403)
  putTags(registry, 'app', ['1'])
  const coordinator = await startCoordinator(server.url)
  const worker = start('worker')
  await worker.said('"ready"')
  expect(await mirror('notify: ops')).toMatchObject({ code: 0 })
  await coordinator.said('"msg":"notice failed"')
  const env = { DIST_QUEUE: redis().url }
  const shown = async () => (await workspace().dist(['status'], { env })).stdout
  await waitFor(async () => (await shown()).includes('notice'), 'the notice in the status')
  expect(await shown()).toMatch(/^state +done$/m)
  expect(await shown()).toMatch(/^notice +of app not delivered to ops: 127\.0\.0\.1:\d+ answers 403/m)
})
