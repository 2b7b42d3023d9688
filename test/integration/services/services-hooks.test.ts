import { ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { openQueue, type Queue } from '@dist/wiring/queue'
import { expect, it } from 'vitest'
import { applySchedules } from '../support/queue-client.js'
import { useRegistry } from '../support/servers.js'
import { type StartedService, startService } from '../support/services.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = useRedis()
const registry = useRegistry()

const push = (tag: string) =>
  pushImage(registry().url, 'team/web', tag, ociImage({ layers: [seededLayer(`web ${tag}`, 1000)] }))

/** Schedules of two entries, of which one takes what is pushed. */
async function scheduleEntries(): Promise<void> {
  const { host } = registry()
  const file = workspace().file(
    'dist.yaml',
    `version: 1
name: hooks
mirrors:
  - { name: web, from: "${host}/team/web", tags: { exclude: "tmp*" }, schedule: "@yearly" }
  - { name: other, from: "${host}/team/other:1", schedule: "@yearly" }
`,
  )
  await applySchedules(redis().url, file)
}

function startDashboard(): StartedService {
  workspace().file('secret', 'correct-horse\n')
  const hook = (kind: string) => `{ kind: ${kind}, registry: "${registry().host}", secret-file: secret }`
  const config = workspace().file(
    'services.yaml',
    `dashboard:\n  hooks:\n    plain: ${hook('plain')}\n    registry: ${hook('distribution')}\n`,
  )
  return startService(workspace(), 'dashboard', { env: { DIST_QUEUE: redis().url, DIST_CONFIG: config } })
}

const told = (url: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/v1/hooks/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })

const secret = { authorization: 'Bearer correct-horse' }

async function runsOf(queue: Queue): Promise<string[]> {
  return (await queue.runs.list({ schedule: 'web' })).map(({ id }) => id)
}

it('a push to a registry is mirrored within two seconds, and other pushes start nothing', async () => {
  await startServices(workspace(), redis().url)
  await scheduleEntries()
  const dashboard = startDashboard()
  const url = await dashboard.url()
  await using queue = await openQueue(redis().url, {})
  const events = (tag: string) => ({
    events: [{ action: 'push', target: { repository: 'team/web', tag, url: 'http://192.0.2.1/' } }],
  })
  const type = { 'content-type': 'application/vnd.docker.distribution.events.v2+json' }
  for (const [repository, tag] of [
    ['team/web', 'tmp1'],
    ['team/none', '1'],
  ]) {
    const answer = await told(url, 'plain', { repository, tag }, secret)
    expect([answer.status, await answer.json()]).toEqual([202, { schedules: 0 }])
  }
  expect(await runsOf(queue)).toEqual([])
  const doneRuns = async () => (await queue.runs.list({ state: 'done' })).length
  const times: number[] = []
  // What a service does for the first time takes longer, and the machine may be busy: the best of a few counts.
  while (times.length < 2 || (Math.min(...times) > 2_000 && times.length < 8)) {
    const count = times.length + 1
    await push(String(count))
    const began = performance.now()
    const answer = await told(url, 'registry', events(String(count)), { ...secret, ...type })
    expect([answer.status, await answer.json()]).toEqual([202, { schedules: 1 }])
    await waitFor(async () => (await doneRuns()) === count, `run ${count}`, 30_000)
    times.push(performance.now() - began)
  }
  expect(Math.min(...times)).toBeLessThan(2_000)
  expect((await workspace().dist(['images', '-q'])).stdout).toContain('team/web:2')
  const other = await queue.runs.list({ schedule: 'other' })
  expect(other).toEqual([])
}, 120_000)

it('pushes while a run goes lead to one more run after it', async () => {
  await push('3')
  await scheduleEntries()
  const dashboard = startDashboard()
  const url = await dashboard.url()
  await using queue = await openQueue(redis().url, {})
  const before = (await runsOf(queue)).length
  // Without services a run goes on.
  const flood = async () => {
    const body = { repository: 'team/web', tag: '3' }
    const answers = Array.from({ length: 100 }, () => told(url, 'plain', body, secret))
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(202)
  }
  await flood()
  await dashboard.logged('a push has started a run')
  await flood()
  expect((await runsOf(queue)).length).toBe(before + 1)
  await startServices(workspace(), redis().url)
  const ended = async () => {
    const states = (await queue.runs.list({ schedule: 'web' })).map(({ state }) => state)
    return states.length === before + 2 && states.every((state) => state === 'done')
  }
  await waitFor(ended, 'both runs', 30_000)
}, 120_000)

it('W9 a hook is opened by its secret alone, which no log and no answer has', async () => {
  await scheduleEntries()
  const dashboard = startDashboard()
  const url = await dashboard.url()
  const body = { repository: 'team/web', tag: '1' }
  const refused = [
    await told(url, 'plain', body),
    await told(url, 'plain', body, { authorization: 'wrong' }),
    await told(url, 'plain/wrong', body),
    await told(url, 'none', body, secret),
    await told(url, '__proto__', body, secret),
    await told(url, 'plain', body, { ...secret, 'x-hub-signature-256': 'sha256=00' }),
  ]
  for (const answer of refused) {
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain('correct-horse')
  }
  expect((await told(url, 'plain/correct-horse', body)).status).toBe(202)
  expect((await told(url, 'plain', body, { authorization: 'correct-horse' })).status).toBe(202)
  expect((await told(url, 'plain/correct-horse', { other: 1 })).status).toBe(400)
  expect((await told(url, 'plain', 'x'.repeat(2 ** 20 + 1), secret)).status).toBe(413)
  await dashboard.logged('change')
  expect(JSON.stringify(dashboard.lines())).not.toMatch(/correct-horse|wrong/)
})

it('a hook without a registry, of an unknown kind, or without a secret is refused at the start', async () => {
  for (const [hook, message] of [
    ['{ kind: harbor, secret-file: s }', 'harbor needs the key registry'],
    ['{ kind: other, secret-file: s }', 'one of distribution, docker-hub, harbor, quay, plain is expected'],
    ['{ kind: quay }', 'secret-file'],
    ['{ kind: quay, secret-file: none }', 'cannot be read (ENOENT)'],
  ]) {
    const config = workspace().file('services.yaml', `dashboard: { hooks: { h: ${hook} } }\n`)
    const { code, stdout } = await workspace().dist(['dashboard', '--config', config, '--queue', redis().url])
    expect([code, stdout]).toEqual([2, expect.stringContaining(String(message))])
  }
})
