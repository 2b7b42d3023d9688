import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorReply, type Fault, listed, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mirrorText, type ReportLine } from '../support/mirror-text.js'
import { changeLedgers, numbered, putTags, storedNames, tagDigest } from '../support/prune-world.js'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
let registry: ScriptedRegistry
beforeEach(async () => {
  registry = await startRegistry()
})
afterEach(() => registry[Symbol.asyncDispose]())

const day = 86_400_000

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

/** Plays a fault for a path until the returned function is called. */
function broken(path: string, fault: Fault): () => void {
  let isOver = false
  registry.script({ path }, (request, proper) => (isOver ? proper() : fault(request, proper)))
  return () => {
    isOver = true
  }
}

const app = (keys: string) => `  - { name: app, from: $HOST/app, tags: all, ${keys} }\n`
const stored = () => storedNames(workspace(), registry)
const all = (repository: string, tags: readonly string[]) => tags.map((tag) => `${repository}:${tag}`).sort()

describe('prune', () => {
  it('removes the names that are no longer selected, and reports them; the content stays', async () => {
    putTags(registry, 'app', ['1', '2', '3'])
    await mirror(app('prune: true'))
    putTags(registry, 'app', ['1', '3'])
    const { code, lines, pruned, stderr } = await mirror(app('prune: true'))
    expect([code, pruned]).toEqual([0, ['app:2']])
    expect(lines.find(({ state }) => state === 'pruned')).toEqual({
      entry: 'app',
      name: `${registry.host}/app:2`,
      state: 'pruned',
      digest: tagDigest,
    })
    expect(stderr).toContain('2 images: 2 done (2 up to date), 1 pruned;')
    expect(await stored()).toEqual(['app:1', 'app:3'])
    expect((await workspace().dist(['list', '-q'])).stdout).toContain(tagDigest)
  })

  it('does not remove anything without the key', async () => {
    putTags(registry, 'app', ['1', '2'])
    const entry = '  - { name: app, from: $HOST/app, tags: all }\n'
    await mirror(entry)
    putTags(registry, 'app', ['1'])
    expect((await mirror(entry)).pruned).toEqual([])
    expect(await stored()).toEqual(['app:1', 'app:2'])
  })

  it('removes what a filter leaves out that has changed, and brings it back with the filter', async () => {
    putTags(registry, 'app', ['1', '2', '3'])
    const newest = (n: number) => `  - { name: app, from: $HOST/app, tags: { newest: ${n} }, prune: true }\n`
    await mirror(newest(3))
    expect((await mirror(newest(2))).pruned).toEqual(['app:1'])
    await mirror(newest(3))
    expect(await stored()).toEqual(['app:1', 'app:2', 'app:3'])
  })

  it('leaves names that other commands have published', async () => {
    putTags(registry, 'app', ['1', '2'])
    putTags(registry, 'other', ['1'])
    await workspace().dist(['pull', `${registry.host}/app:2`, `${registry.host}/other:1`])
    const entry = '  - { name: app, from: $HOST/app, tags: { list: "1" }, prune: true }\n'
    await mirror(entry)
    expect((await mirror(entry)).pruned).toEqual([])
    expect(await stored()).toEqual(['app:1', 'app:2', 'other:1'])
  })

  it('S25 removes nothing when a listing fails, or is empty, and tells why', async () => {
    putTags(registry, 'app', ['1', '2'])
    await mirror(app('prune: true'))
    const mend = broken('/v2/app/tags/list', () => errorReply(403, 'DENIED', 'not today'))
    const failing = await mirror(app('prune: true'))
    expect([failing.code, failing.pruned]).toEqual([4, []])
    expect(failing.stderr).toContain('app: nothing is pruned: not all of its images are known')
    mend()
    broken('/v2/app/tags/list', listed('tags', [], {}))
    const empty = await mirror(app('prune: true'))
    expect([empty.code, empty.pruned]).toEqual([0, []])
    expect(empty.stderr).toContain('app: nothing is pruned: it selects nothing')
    expect(await stored()).toEqual(['app:1', 'app:2'])
  })

  it('removes nothing of a pattern when one of its repositories cannot be listed', async () => {
    putTags(registry, 'team/a', ['1', '2'])
    putTags(registry, 'team/b', ['1'])
    const team = '  - { name: team, from: $HOST/team/**, tags: all, prune: true }\n'
    await mirror(team)
    putTags(registry, 'team/a', ['1'])
    const mend = broken('/v2/team/b/tags/list', () => errorReply(403, 'DENIED', 'not today'))
    expect(await mirror(team)).toMatchObject({ code: 6, pruned: [] })
    mend()
    expect(await mirror(team)).toMatchObject({ code: 0, pruned: ['team/a:2'] })
  })

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

  it('takes another share, or a number, as the limit', async () => {
    putTags(registry, 'app', numbered(10))
    await mirror(app('prune: true, prune-limit: 70%'))
    putTags(registry, 'app', numbered(3))
    expect((await mirror(app('prune: true, prune-limit: 6'))).pruned).toEqual([])
    expect((await mirror(app('prune: true, prune-limit: 2'))).pruned).toEqual([])
    expect((await mirror(app('prune: true, prune-limit: 70%'))).pruned).toHaveLength(7)
  })

  it('keeps names for the time of keep, from when they were first not selected', async () => {
    putTags(registry, 'app', ['1', '2', '3'])
    const entry = app('prune: { keep: 14d }')
    await mirror(entry)
    putTags(registry, 'app', ['1', '2'])
    expect((await mirror(entry)).pruned).toEqual([])
    const past = (days: number) =>
      changeLedgers(workspace().store, ({ unselected }) => {
        for (const name of Object.keys(unselected)) unselected[name] = Date.now() - days * day
      })
    past(13)
    putTags(registry, 'app', ['1'])
    expect((await mirror(entry)).pruned).toEqual([])
    past(15)
    // A tag that is back is selected again: its time begins anew when it goes again.
    putTags(registry, 'app', ['1', '2'])
    expect((await mirror(entry)).pruned).toEqual(['app:3'])
    putTags(registry, 'app', ['1'])
    expect((await mirror(entry)).pruned).toEqual([])
    expect(await stored()).toEqual(['app:1', 'app:2'])
  })

  it('never removes what another entry selects, in the same file or in another one', async () => {
    putTags(registry, 'app', ['1', '2', '3'])
    const one = (tags: string) => `  - { name: one, from: $HOST/app, tags: ${tags}, prune: true }\n`
    const two = '  - { name: two, from: $HOST/app, tags: { list: "2" }, prune: true }\n'
    const unnamed = '  - { from: "$HOST/app:3" }\n'
    await mirror(one('all') + two + unnamed)
    expect((await mirror(one('{ list: "1" }') + two + unnamed)).pruned).toEqual([])
    // The other entries are not in this file.
    expect((await mirror(one('{ list: "1" }'))).pruned).toEqual([])
    expect(await stored()).toEqual(['app:1', 'app:2', 'app:3'])
    putTags(registry, 'app', ['1', '3'])
    expect((await mirror(one('all') + two + unnamed)).pruned).toEqual([])
    // Nobody selects it any more.
    const moved = await mirror('  - { name: two, from: $HOST/app, tags: { list: "3" }, prune: true }\n')
    expect([moved.pruned, await stored()]).toEqual([['app:2'], ['app:1', 'app:3']])
  })

  it('never removes what an entry with a schedule selects, whose runs are of it alone', async () => {
    putTags(registry, 'app', ['1', '2'])
    await mirror('  - { name: often, from: $HOST/app, tags: { list: "2" }, every: 6h }\n')
    await mirror(app('prune: true'))
    const narrow = '  - { name: app, from: $HOST/app, tags: { list: "1" }, prune: true }\n'
    expect((await mirror(narrow)).pruned).toEqual([])
    expect(await stored()).toEqual(['app:1', 'app:2'])
  })

  it('an entry that is renamed leaves what it has published under its old name, and says so', async () => {
    putTags(registry, 'app', ['1', '2'])
    await mirror(app('prune: true'))
    putTags(registry, 'app', ['1'])
    const { pruned, stderr } = await mirror('  - { name: new, from: $HOST/app, tags: all, prune: true }\n')
    expect(pruned).toEqual([])
    expect(stderr).toMatch(/new: the store keeps from now on what this mirror publishes; .* are not pruned/)
    expect(await stored()).toEqual(['app:1', 'app:2'])
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

  it('an unchanged run does not write the ledger, and other entries have none without prune', async () => {
    putTags(registry, 'app', ['1', '2'])
    await mirror(app('prune: true'))
    const folder = join(workspace().store, 'ledgers')
    const [file = ''] = readdirSync(folder)
    const before = statSync(join(folder, file)).ino
    await mirror(app('prune: true'))
    expect(statSync(join(folder, file)).ino).toBe(before)
    await mirror('  - { name: other, from: $HOST/app, tags: all }\n')
    expect(readdirSync(folder)).toEqual([file])
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

  it('writes the pruned names into the summary', async () => {
    putTags(registry, 'app', ['1', '2'])
    await mirror(app('prune: true'))
    putTags(registry, 'app', ['1'])
    const summary = join(workspace().root, 'summary.md')
    await mirror(app('prune: true'), '--summary', summary)
    const { stdout } = await workspace().shell(`cat ${summary}`)
    expect(stdout).toContain(
      `### Pruned\n\n| Image | Was |\n|---|---|\n| ${registry.host}/app:2 | \`${tagDigest}\` |`,
    )
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
    broken('/v2/app/manifests/1', () => new Promise(() => {}))
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
