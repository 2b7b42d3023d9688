import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mirrorText, type ReportLine } from '../support/mirror-text.js'
import { changeLedgers, numbered, putTags, storedNames } from '../support/prune-world.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
let registry: ScriptedRegistry
beforeEach(async () => {
  registry = await startRegistry()
})
afterEach(() => registry[Symbol.asyncDispose]())

/** Mirrors entries: the lines behind `mirrors:`, in which `$HOST` stands for the registry. */
async function mirror(entries: string, ...args: string[]) {
  const text = `version: 1\nmirrors:\n${entries.replaceAll('$HOST', registry.host)}`
  const ended = await mirrorText(workspace(), text, args)
  return { ...ended, pruned: namesOf(ended.lines, 'pruned'), failed: namesOf(ended.lines, 'failed') }
}

function namesOf(lines: readonly ReportLine[], wanted: string): string[] {
  return lines
    .filter(({ state }) => state === wanted)
    .map(({ name }) => name.replace(`${registry.host}/`, ''))
}

const app = (keys: string) => `  - { name: app, from: $HOST/app, tags: all, ${keys} }\n`
const stored = () => storedNames(workspace(), registry)
const all = (repository: string, tags: readonly string[]) => tags.map((tag) => `${repository}:${tag}`).sort()

describe('prune', () => {
  it('removes a fifth of the names and not more, or five; with --force all', async () => {
    putTags(registry, 'app', numbered(40))
    await mirror(app('prune: true'))
    putTags(registry, 'app', numbered(32))
    expect((await mirror(app('prune: true'))).pruned).toHaveLength(8)
    putTags(registry, 'app', numbered(25))
    const refused = await mirror(app('prune: true'))
    expect(refused).toMatchObject({ code: 6, pruned: [], failed: ['app'] })
    expect(refused.lines.at(-1)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', stage: 'pruning' })
    expect(refused.stderr).toMatch(
      /app: 7 of 32 names are no longer selected, more than prune-limit \(20%\): none/,
    )
    const dry = await mirror(app('prune: true'), '--dry-run', '--force')
    expect(dry.pruned).toHaveLength(7)
    expect((await mirror(app('prune: true'), '--force')).pruned).toHaveLength(7)
    putTags(registry, 'app', numbered(20))
    expect((await mirror(app('prune: true'))).pruned).toHaveLength(5)
    expect(await stored()).toEqual(all('app', numbered(20)))
  })

  it('a dry run shows what would be pruned, and changes nothing', async () => {
    putTags(registry, 'app', ['1', '2'])
    await mirror(app('prune: true'))
    putTags(registry, 'app', ['1'])
    const dry = await mirror(app('prune: true'), '--dry-run', '--exit-code')
    expect([dry.code, dry.pruned]).toEqual([7, ['app:2']])
    expect(dry.lines.map(({ state }) => state)).toEqual(['pruned'])
    expect(dry.stderr).toContain('2 images: 1 pruned, 1 unchanged')
    changeLedgers(workspace().store, ({ unselected }) => expect(unselected).toEqual({}))
    expect((await mirror(app('prune: { keep: 1d }'), '--dry-run', '--exit-code')).code).toBe(0)
    expect(await stored()).toEqual(['app:1', 'app:2'])
  })

  it('an unreadable ledger fails the pruning of its entry, and nothing else', async () => {
    putTags(registry, 'app', ['1', '2'])
    await mirror(app('prune: true'))
    const folder = join(workspace().store, 'ledgers')
    for (const file of readdirSync(folder)) writeFileSync(join(folder, file), 'damaged')
    putTags(registry, 'app', ['1', '3'])
    const { code, lines, pruned } = await mirror(app('prune: true'))
    expect([code, pruned]).toEqual([6, []])
    expect(lines.at(-1)).toMatchObject({ code: 'MALFORMED', stage: 'pruning' })
    expect(lines.at(-1)?.error).toContain(folder)
    expect(await stored()).toEqual(['app:1', 'app:2', 'app:3'])
  })

  it('needs a name and the store, and --force needs a mirror file', async () => {
    const { code, stderr } = await mirror(
      '  - { from: $HOST/a, tags: all, prune: true }\n  - { name: b, from: $HOST/b, tags: all, to: r.io/b, prune: true }\n  - { name: c, from: $HOST/c, tags: all, prune-limit: 20% }\n  - { name: d, from: $HOST/d, tags: all, prune: { keep: 2026-01-01 }, prune-limit: 120% }\n',
    )
    expect(code).toBe(2)
    expect(stderr).toContain('mirrors[0].prune: needs a name')
    expect(stderr).toContain('mirrors[1].prune: removes names from the store only')
    expect(stderr).toContain('mirrors[2].prune-limit: needs prune')
    expect(stderr).toContain('mirrors[3].prune.keep: a duration such as 24h is expected')
    expect(stderr).toContain('mirrors[3].prune-limit: a share such as 20%')
    const forced = await workspace().dist(['mirror', '--force', `${registry.host}/a:1`])
    expect(forced).toMatchObject({ code: 2, stderr: expect.stringContaining('--force is for a mirror file') })
  })

  it('an interrupted run prunes nothing', async () => {
    putTags(registry, 'app', ['1', '2', '3'])
    await mirror(app('prune: true'))
    putTags(registry, 'app', ['1', '2', '4'])
    registry.script({ path: '/v2/app/manifests/1' }, () => new Promise(() => {}))
    const path = join(workspace().root, 'dist.yaml')
    const { length: before } = registry.received({ path: '/v2/app/manifests/1' })
    const running = workspace().start(['mirror', '-f', path, '--json'])
    await registry.requested({ path: '/v2/app/manifests/1' }, before + 1)
    running.child.kill('SIGINT')
    const { code, stdout } = await running.ended
    expect(code).toBe(130)
    expect(namesOf(jsonLines<ReportLine>(stdout), 'pruned')).toEqual([])
    expect(await stored()).toContain('app:3')
  })
})
