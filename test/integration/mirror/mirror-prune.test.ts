import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errorReply, type Fault, listed, startRegistry } from '@dist/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mirrorText, type ReportLine } from '../support/mirror-text.js'
import {
  changeLedgers,
  fileOfLedger,
  numbered,
  putTags,
  storedNames,
  tagDigest,
} from '../support/prune-world.js'
import { forFile } from '../support/servers.js'
import { type Ended, Workspace } from '../support/workspace.js'

const registry = await forFile(startRegistry())
const workspace = new Workspace()
afterAll(() => workspace.remove())
const summary = join(workspace.root, 'summary.md')
const day = 86_400_000

/** One run of the mirror file, and what the store has after it. */
interface Run extends Ended {
  readonly lines: readonly ReportLine[]
  readonly stored: readonly string[]
}

/** The runs, in their order. */
const runs: Run[] = []
const run = (number: number): Run => runs[number - 1] ?? expect.unreachable()

/** The names of an entry's repository that a run has pruned. */
const pruned = (number: number, entry: string) =>
  run(number)
    .lines.filter((line) => line.state === 'pruned' && line.entry === entry)
    .map(({ name }) => name.replace(`${registry.host}/`, ''))
    .sort()
const storedOf = (number: number, repository: string) =>
  run(number).stored.filter((name) => name.startsWith(`${repository}:`))
const all = (repository: string, tags: readonly string[]) => tags.map((tag) => `${repository}:${tag}`).sort()

/** An entry of all tags of the repository of its name, with these keys. */
const entry = (name: string, keys = 'prune: true') =>
  `{ name: ${name}, from: $HOST/${name}, tags: all, ${keys} }`
/** An entry of some tags of a repository. */
const selecting = (name: string, repository: string, tags: string, keys = 'prune: true') =>
  `{ name: ${name}, from: $HOST/${repository}, tags: ${tags}, ${keys} }`

async function mirror(entries: readonly string[], ...args: string[]): Promise<void> {
  const list = entries.map((each) => `  - ${each.replaceAll('$HOST', registry.host)}\n`)
  const ended = await mirrorText(workspace, `version: 1\nmirrors:\n${list.join('')}`, args)
  runs.push({ ...ended, stored: await storedNames(workspace, registry) })
}

/** Plays a fault for a path until the returned function is called. */
function broken(path: string, fault: Fault): () => void {
  let isOver = false
  registry.script({ path }, (request, proper) => (isOver ? proper() : fault(request, proper)))
  return () => {
    isOver = true
  }
}

/** Has the ledger of `kept` say that what is not selected has not been for so many days. */
const unselectedFor = (days: number) =>
  changeLedgers(workspace.store, ({ entry, unselected }) => {
    if (entry !== 'kept') return
    for (const name of Object.keys(unselected)) unselected[name] = Date.now() - days * day
  })

const unnamed = '{ from: "$HOST/shared:3" }'
const two = selecting('two', 'shared', '{ list: "2" }')
const team = selecting('team', 'team/**', 'all')
const kept = entry('kept', 'prune: { keep: 14d }')
const limited = (limit: string) => entry('limited', `prune: true, prune-limit: ${limit}`)
const denied = () => errorReply(403, 'DENIED', 'not today')
/** Those of the file of a ledger, before and after a run that changes nothing of its entry. */
const inodes: number[] = []

beforeAll(async () => {
  for (const name of ['gone', 'filter', 'kept', 'shared']) putTags(registry, name, ['1', '2', '3'])
  for (const name of ['keyless', 'listed', 'team/a', 'pulled', 'often', 'renamed', 'same'])
    putTags(registry, name, ['1', '2'])
  for (const name of ['team/b', 'strange']) putTags(registry, name, ['1'])
  putTags(registry, 'limited', numbered(10))
  const byHand = ['pulled:2', 'strange:1'].map((name) => `${registry.host}/${name}`)
  expect(await workspace.dist(['pull', ...byHand])).toMatchObject({ code: 0 })
  const often = selecting('scheduled', 'often', '{ list: "2" }', 'every: 6h').replaceAll(
    '$HOST',
    registry.host,
  )
  await mirrorText(workspace, `version: 1\nmirrors: [${often}]`)
  const pulled = selecting('pulled', 'pulled', '{ list: "1" }')
  const same = [pulled, entry('same'), team, kept]

  await mirror([
    ...[...same, entry('gone'), entry('keyless', ''), entry('listed'), entry('often')],
    ...[selecting('filter', 'filter', '{ newest: 3 }'), selecting('old', 'renamed', 'all'), limited('70%')],
    ...[selecting('one', 'shared', 'all'), two, unnamed],
  ])

  const noteInode = () => inodes.push(statSync(fileOfLedger(workspace.store, 'same')).ino)
  noteInode()
  putTags(registry, 'gone', ['1', '3'])
  for (const name of ['keyless', 'team/a', 'renamed']) putTags(registry, name, ['1'])
  putTags(registry, 'kept', ['1', '2'])
  putTags(registry, 'limited', numbered(3))
  const mends = ['listed', 'team/b'].map((name) => broken(`/v2/${name}/tags/list`, denied))
  const narrow = [selecting('often', 'often', '{ list: "1" }'), selecting('one', 'shared', '{ list: "1" }')]
  await mirror(
    [
      ...[...same, entry('gone'), entry('keyless', ''), entry('listed'), ...narrow],
      ...[selecting('filter', 'filter', '{ newest: 2 }'), selecting('new', 'renamed', 'all'), limited('6')],
      ...[two, unnamed],
    ],
    '--summary',
    summary,
  )

  noteInode()
  for (const mend of mends) mend()
  broken('/v2/listed/tags/list', listed('tags', [], {}))
  unselectedFor(13)
  putTags(registry, 'kept', ['1'])
  const newest = selecting('filter', 'filter', '{ newest: 3 }')
  // The other entries of the shared repository are not in this file.
  await mirror([
    team,
    kept,
    newest,
    limited('2'),
    entry('listed'),
    selecting('one', 'shared', '{ list: "1" }'),
  ])

  unselectedFor(15)
  // A tag that is back is selected again: its time begins anew when it goes again.
  putTags(registry, 'kept', ['1', '2'])
  putTags(registry, 'shared', ['1', '3'])
  await mirror([kept, limited('70%'), selecting('one', 'shared', 'all'), two, unnamed])

  putTags(registry, 'kept', ['1'])
  await mirror([kept, selecting('two', 'shared', '{ list: "3" }')])

  await mirror(['{ name: alone, from: $HOST/strange, tags: all }'])
}, 180_000)

describe('prune', () => {
  it('removes the names that are no longer selected, and reports them; the content stays', async () => {
    expect(pruned(1, 'gone')).toEqual([])
    expect(run(2).lines.find(({ state, entry }) => state === 'pruned' && entry === 'gone')).toEqual({
      entry: 'gone',
      name: `${registry.host}/gone:2`,
      state: 'pruned',
      digest: tagDigest,
    })
    expect(run(2).stderr).toMatch(/ images: \d+ done \(\d+ up to date\), .*2 pruned;/)
    expect(storedOf(2, 'gone')).toEqual(['gone:1', 'gone:3'])
    expect((await workspace.dist(['list', '-q'])).stdout).toContain(tagDigest)
  })

  it('does not remove anything without the key', () => {
    expect(pruned(2, 'keyless')).toEqual([])
    expect(storedOf(2, 'keyless')).toEqual(['keyless:1', 'keyless:2'])
  })

  it('removes what a filter leaves out that has changed, and brings it back with the filter', () => {
    expect(pruned(2, 'filter')).toEqual(['filter:1'])
    expect(storedOf(2, 'filter')).toEqual(['filter:2', 'filter:3'])
    expect(storedOf(3, 'filter')).toEqual(all('filter', numbered(3)))
  })

  it('leaves names that other commands have published', () => {
    expect(pruned(2, 'pulled')).toEqual([])
    expect([storedOf(5, 'pulled'), storedOf(5, 'strange')]).toEqual([['pulled:1', 'pulled:2'], ['strange:1']])
  })

  it('S25 removes nothing when a listing fails, or is empty, and tells why', () => {
    expect([run(2).code, pruned(2, 'listed')]).toEqual([6, []])
    expect(run(2).stderr).toContain('listed: nothing is pruned: not all of its images are known')
    expect([run(3).code, pruned(3, 'listed')]).toEqual([6, []])
    expect(run(3).stderr).toContain('listed: nothing is pruned: it selects nothing')
    expect(storedOf(3, 'listed')).toEqual(['listed:1', 'listed:2'])
  })

  it('removes nothing of a pattern when one of its repositories cannot be listed', () => {
    expect(pruned(2, 'team')).toEqual([])
    expect(pruned(3, 'team')).toEqual(['team/a:2'])
  })

  it('takes another share, or a number, as the limit', () => {
    expect([2, 3, 4].map((number) => pruned(number, 'limited').length)).toEqual([0, 0, 7])
    const refused = run(3).lines.find(({ entry, state }) => entry === 'limited' && state === 'failed')
    expect(refused).toMatchObject({ code: 'RESOURCE_EXHAUSTED', stage: 'pruning' })
  })

  it('keeps names for the time of keep, from when they were first not selected', () => {
    expect([2, 3, 4, 5].map((number) => pruned(number, 'kept'))).toEqual([[], [], ['kept:3'], []])
    expect(storedOf(5, 'kept')).toEqual(['kept:1', 'kept:2'])
  })

  it('never removes what another entry selects, in the same file or in another one', () => {
    expect([2, 3, 4].flatMap((number) => pruned(number, 'one'))).toEqual([])
    expect(storedOf(4, 'shared')).toEqual(all('shared', numbered(3)))
    // No entry selects it any more.
    expect(pruned(5, 'two')).toEqual(['shared:2'])
    expect(storedOf(5, 'shared')).toEqual(['shared:1', 'shared:3'])
  })

  it('never removes what an entry with a schedule selects, whose runs are of it alone', () => {
    expect(pruned(2, 'often')).toEqual([])
    expect(storedOf(5, 'often')).toEqual(['often:1', 'often:2'])
  })

  it('an entry that is renamed leaves what it has published under its old name, and says so', () => {
    expect(pruned(2, 'new')).toEqual([])
    expect(run(2).stderr).toMatch(
      /new: the store keeps from now on what this mirror publishes; .* are not pruned/,
    )
    expect(storedOf(5, 'renamed')).toEqual(['renamed:1', 'renamed:2'])
  })

  it('an unchanged run does not write the ledger, and other entries have none without prune', () => {
    expect(inodes).toEqual([inodes[0], inodes[0]])
    expect(() => fileOfLedger(workspace.store, 'alone')).toThrow('alone has no ledger')
  })

  it('writes the pruned names into the summary', () => {
    const [, section = ''] = readFileSync(summary, 'utf8').split('### Pruned\n\n| Image | Was |\n|---|---|\n')
    expect(section.split('\n')).toContain(`| ${registry.host}/gone:2 | \`${tagDigest}\` |`)
  })
})
