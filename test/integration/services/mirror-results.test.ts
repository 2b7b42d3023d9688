import { startRegistry } from '@dist/testkit'
import { singleImage } from '@dist/testkit/fixtures'
import { waitFor } from '@dist/testkit/servers'
import { expect, it } from 'vitest'
import { forFile } from '../support/servers.js'
import { metric, type StartedService, startService } from '../support/services.js'
import { useRedis } from '../support/services-queue.js'
import { useWorkspace } from '../support/workspace.js'

const registry = await forFile(startRegistry())
const redis = useRedis()
const workspace = useWorkspace()

interface Result {
  readonly name: string
  readonly state: string
  readonly succeededAt?: string
}

it('the API and the metrics have the last result of each mirror, whatever started it', async () => {
  const env = { DIST_QUEUE: redis().url, DIST_STORE: workspace().store }
  const start = (name: 'coordinator' | 'worker' | 'dashboard'): StartedService =>
    startService(workspace(), name, { env })
  const [coordinator, , dashboard] = [start('coordinator'), start('worker'), start('dashboard')]
  const { host } = registry
  registry.content.putImage('app', '1', singleImage)
  const file = (repository: string) =>
    workspace().file(
      'dist.yaml',
      `{version: 1, mirrors: [{name: good, from: "${host}/app:1", every: 6h}, {name: other, from: "${host}/${repository}:1"}]}`,
    )
  const dist = async (...args: string[]) => (await workspace().dist(args, { env })).code
  const results = async () => {
    const answer = await fetch(`${await dashboard.url()}/api/v1/mirrors`)
    return ((await answer.json()) as { items: Result[] }).items
  }
  const success = (noun: string, name: string) =>
    metric(coordinator, `dist_${noun}_last_success_timestamp_seconds{${noun}="${name}"}`)
  await dashboard.logged('ready')
  expect(await dist('mirror', '-f', file('absent'))).toBe(6)
  await waitFor(async () => (await results()).length === 2, 'the results of the run')
  expect(await results()).toMatchObject([
    { name: 'good', state: 'done' },
    { name: 'other', state: 'failed' },
  ])
  await waitFor(async () => ((await success('mirror', 'good')) ?? 0) > 0, 'the success of a mirror')
  expect(await success('mirror', 'other')).toBeUndefined()
  expect(await success('schedule', 'good')).toBeUndefined()
  const before = Date.now() / 1_000
  expect(await dist('schedule', 'apply', '-f', file('app'))).toBe(0)
  await waitFor(async () => ((await success('schedule', 'good')) ?? 0) >= before, 'the success of a schedule')
  expect(await dist('mirror', '-f', file('app'))).toBe(0)
  await waitFor(async () => ((await success('mirror', 'other')) ?? 0) >= before, 'the success of the other')
  expect(await success('schedule', 'other')).toBeUndefined()
  const [, other] = await results()
  expect(Date.parse(other?.succeededAt ?? '') / 1_000).toBeGreaterThanOrEqual(before)
})
