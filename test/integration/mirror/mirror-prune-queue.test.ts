import { type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { startGateway } from '@dist/testkit/servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReportLine } from '../support/mirror-text.js'
import { numbered, putTags, storedNames, tagDigest } from '../support/prune-world.js'
import { forFile } from '../support/servers.js'
import { startServices, useRedis } from '../support/services-queue.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const redis = useRedis()
const gateway = await forFile(startGateway())
let registry: ScriptedRegistry
beforeEach(async () => {
  registry = await startRegistry()
})
afterEach(() => registry[Symbol.asyncDispose]())

const dist = (...args: string[]) => workspace().dist(args, { env: { DIST_QUEUE: redis().url } })

/** Mirrors the repository `app` by the queue, with these keys. */
async function mirror(keys: string, ...args: string[]) {
  const text = `version: 1\nmirrors: [{ name: app, from: ${registry.host}/app, tags: all, ${keys} }]`
  const ended = await dist('mirror', '-f', workspace().file('dist.yaml', text), '--json', ...args)
  const lines = jsonLines<ReportLine & { run: string }>(ended.stdout)
  const of = (wanted: string) =>
    lines.filter(({ state }) => state === wanted).map(({ name }) => name.replace(`${registry.host}/`, ''))
  return { ...ended, lines, pruned: of('pruned'), failed: of('failed') }
}

describe('prune by a queue', () => {
  it('removes what is no longer selected, reports it, and its status tells it', async () => {
    const { coordinator } = await startServices(workspace(), redis().url)
    putTags(registry, 'app', ['1', '2', '3'])
    const first = await mirror('prune: true')
    expect([first.code, first.pruned]).toEqual([0, []])
    expect(first.stderr).toContain('app: the store keeps from now on what this mirror publishes')
    putTags(registry, 'app', ['1', '3'])
    const { code, lines, stderr } = await mirror('prune: true')
    expect(code).toBe(0)
    expect(lines.filter(({ state }) => state === 'pruned')).toEqual([
      {
        run: lines[0]?.run,
        entry: 'app',
        name: `${registry.host}/app:2`,
        state: 'pruned',
        digest: tagDigest,
      },
    ])
    expect(stderr).toContain('2 images: 2 done (2 up to date), 1 pruned;')
    const { stdout: status } = await dist('status')
    expect(status).toMatch(/^state +done$/m)
    expect(status).toMatch(/^pruned +1$/m)
    expect(JSON.parse((await dist('status', '--json')).stdout)).toMatchObject({
      pruned: { names: 1, failed: 0 },
    })
    expect(coordinator.stdout()).toContain(`"msg":"name pruned"`)
    expect(await storedNames(workspace(), registry)).toEqual(['app:1', 'app:3'])
  })

  it('does not remove more than the limit: the run fails, and --force removes it', async () => {
    await startServices(workspace(), redis().url)
    putTags(registry, 'app', numbered(20))
    await mirror('prune: true')
    putTags(registry, 'app', numbered(10))
    const refused = await mirror('prune: true')
    expect(refused).toMatchObject({ code: 6, pruned: [], failed: ['app'] })
    expect(refused.lines.at(-1)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', stage: 'pruning' })
    expect(refused.stderr).not.toContain('dist retry')
    const status = await dist('status')
    expect(status.stdout).toMatch(/^state +failed$/m)
    expect(status.stdout).toContain('10 of 20 names are no longer selected, more than prune-limit (20%)')
    expect((await mirror('prune: true', '--force')).pruned).toHaveLength(10)
    expect(await storedNames(workspace(), registry)).toHaveLength(10)
  })

  it('removes nothing when nothing is selected, and says so', async () => {
    await startServices(workspace(), redis().url)
    putTags(registry, 'app', ['1', '2'])
    await mirror('prune: true')
    putTags(registry, 'app', [])
    const { code, pruned, stderr } = await mirror('prune: true')
    expect([code, pruned]).toEqual([0, []])
    expect(stderr).toContain('app: nothing is pruned: it selects nothing')
    expect(await storedNames(workspace(), registry)).toEqual(['app:1', 'app:2'])
  })

  it('in a bucket: by a queue, and then without one by the same ledger', async () => {
    const store = gateway.url('prune')
    const env = { ...gateway.env, DIST_STORE: store }
    const start = (service: string) =>
      workspace().start([service, '--queue', redis().url, '--listen', '127.0.0.1:0'], { env })
    await Promise.all([start('coordinator'), start('worker')].map((each) => each.said('"ready"')))
    putTags(registry, 'app', ['1', '2', '3'])
    await mirror('prune: true')
    putTags(registry, 'app', ['1', '3'])
    expect((await mirror('prune: true')).pruned).toEqual(['app:2'])
    putTags(registry, 'app', ['1'])
    const path = workspace().file(
      'dist.yaml',
      `version: 1\nmirrors: [{ name: app, from: ${registry.host}/app, tags: all, prune: true }]`,
    )
    const { stdout } = await workspace().dist(['mirror', '-f', path], { env })
    expect(stdout).toMatch(/^\S+app:3 \S+ {2}pruned$/m)
    expect(await storedNames(workspace(), registry, env)).toEqual(['app:1'])
  })
})
