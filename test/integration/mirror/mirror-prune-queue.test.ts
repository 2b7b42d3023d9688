import { startRegistry } from '@dist/testkit'
import { startRedis } from '@dist/testkit/servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ReportLine } from '../support/mirror-text.js'
import { numbered, putTags, storedNames, tagDigest } from '../support/prune-world.js'
import { forFile, forTest, sharedGateway } from '../support/servers.js'
import { useServedQueue } from '../support/services-queue.js'
import { type Ended, jsonLines, Workspace } from '../support/workspace.js'

const queue = useServedQueue()
const registry = await forFile(startRegistry())
const gateway = await sharedGateway()

let entries = 0
/** The name of an entry, and of its repository, that nothing has yet. */
const fresh = (name: string) => `${name}-${++entries}`
const dist = (...args: string[]) => queue().dist(args)
/** The names of an entry's images in the store of the services. */
const storedOf = async (entry: string) =>
  (await storedNames(queue().workspace, registry)).filter((name) => name.startsWith(`${entry}:`))

const textOf = (entry: string) =>
  `version: 1\nmirrors: [{ name: ${entry}, from: ${registry.host}/${entry}, tags: all, prune: true }]`

/** Mirrors the repository of this name by the queue, with prune. */
async function mirror(entry: string, ...args: string[]) {
  return await mirrorBy(dist, queue().workspace, entry, args)
}

async function mirrorBy(
  run: (...args: string[]) => Promise<Ended>,
  workspace: Workspace,
  entry: string,
  args: string[] = [],
) {
  const path = workspace.file(`${entry}.yaml`, textOf(entry))
  const ended = await run('mirror', '-f', path, '--json', ...args)
  const lines = jsonLines<ReportLine & { run: string }>(ended.stdout)
  const of = (wanted: string) =>
    lines.filter(({ state }) => state === wanted).map(({ name }) => name.replace(`${registry.host}/`, ''))
  return { ...ended, lines, pruned: of('pruned'), failed: of('failed') }
}

describe('prune by a queue', () => {
  it('removes what is no longer selected, reports it, and its status tells it', async () => {
    const entry = fresh('removed')
    putTags(registry, entry, ['1', '2', '3'])
    const first = await mirror(entry)
    expect([first.code, first.pruned]).toEqual([0, []])
    expect(first.stderr).toContain(`${entry}: the store keeps from now on what this mirror publishes`)
    putTags(registry, entry, ['1', '3'])
    const { code, lines, stderr } = await mirror(entry)
    expect(code).toBe(0)
    expect(lines.filter(({ state }) => state === 'pruned')).toEqual([
      {
        run: lines[0]?.run,
        entry,
        name: `${registry.host}/${entry}:2`,
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
    expect(queue().coordinator.stdout()).toContain(`"msg":"name pruned"`)
    expect(await storedOf(entry)).toEqual([`${entry}:1`, `${entry}:3`])
  })

  it('does not remove more than the limit: the run fails, and --force removes it', async () => {
    const entry = fresh('limited')
    putTags(registry, entry, numbered(20))
    await mirror(entry)
    putTags(registry, entry, numbered(10))
    const refused = await mirror(entry)
    expect(refused).toMatchObject({ code: 6, pruned: [], failed: [entry] })
    expect(refused.lines.at(-1)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', stage: 'pruning' })
    expect(refused.stderr).not.toContain('dist retry')
    const status = await dist('status')
    expect(status.stdout).toMatch(/^state +failed$/m)
    expect(status.stdout).toContain('10 of 20 names are no longer selected, more than prune-limit (20%)')
    expect((await mirror(entry, '--force')).pruned).toHaveLength(10)
    expect(await storedOf(entry)).toHaveLength(10)
  })

  it('removes nothing when nothing is selected, and says so', async () => {
    const entry = fresh('emptied')
    putTags(registry, entry, ['1', '2'])
    await mirror(entry)
    putTags(registry, entry, [])
    const { code, pruned, stderr } = await mirror(entry)
    expect([code, pruned]).toEqual([0, []])
    expect(stderr).toContain(`${entry}: nothing is pruned: it selects nothing`)
    expect(await storedOf(entry)).toEqual([`${entry}:1`, `${entry}:2`])
  })

  it('in a bucket: by a queue, and then without one by the same ledger', async () => {
    const entry = fresh('bucket')
    const workspace = new Workspace()
    onTestFinished(() => workspace.remove())
    const redis = await forTest(startRedis())
    const env = { ...gateway.env, DIST_STORE: gateway.url(entry) }
    const start = (service: string) =>
      workspace.start([service, '--queue', redis.url, '--listen', '127.0.0.1:0'], { env })
    await Promise.all([start('coordinator'), start('worker')].map((each) => each.said('"ready"')))
    const run = (...args: string[]) => workspace.dist(args, { env: { DIST_QUEUE: redis.url } })
    putTags(registry, entry, ['1', '2', '3'])
    await mirrorBy(run, workspace, entry)
    putTags(registry, entry, ['1', '3'])
    expect((await mirrorBy(run, workspace, entry)).pruned).toEqual([`${entry}:2`])
    putTags(registry, entry, ['1'])
    const path = workspace.file('dist.yaml', textOf(entry))
    const { stdout } = await workspace.dist(['mirror', '-f', path], { env })
    expect(stdout).toMatch(new RegExp(`^\\S+${entry}:3 \\S+ {2}pruned$`, 'm'))
    expect(await storedNames(workspace, registry, env)).toEqual([`${entry}:1`])
  })
})
