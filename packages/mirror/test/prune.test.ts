import { type Image, MemoryNames, memoryLedgers, type TakenNames } from '@dist/content'
import { beginPruning, type PruneRule, pruneEntries, unwrittenLedgers } from '@dist/mirror'
import { digestOf, mediaTypes } from '@dist/oci'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'

let names: MemoryNames
let ledgers: ReturnType<typeof memoryLedgers>
beforeEach(() => {
  names = new MemoryNames()
  ledgers = memoryLedgers()
})

const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf('x'), size: 1 }
const signature = `${desc.digest.replace(':', '-')}.sig`
const nameOf = (tag: string) => `r.io/app:${tag}`

async function publish(tags: readonly string[], more: Partial<Image> = {}): Promise<void> {
  for (const tag of tags) await names.put({ name: nameOf(tag), desc, selection: 'all', ...more })
}

/** A run of one entry at a time: what is taken is published, then the entry is pruned. */
async function run(
  now: number,
  taken: readonly string[],
  options: Partial<PruneRule> & { hindrance?: string } = {},
) {
  const { entry = 'app', keep = 0, limit = { percent: 100 }, hindrance } = options
  const all: TakenNames = { entry, names: taken.map(nameOf), hindrance }
  const work = await beginPruning([{ entry, keep, limit }], [all], ledgers, now)
  const there = await published()
  await publish(taken.filter((tag) => !there.includes(tag)))
  return await pruned(work.rules, now)
}

async function pruned(rules: readonly PruneRule[], now: number) {
  const found: string[] = []
  for await (const { image, error } of pruneEntries({ rules }, { ledgers, names }, { now }))
    found.push(image?.name.replace('r.io/app:', '') ?? `${error?.code}`)
  return found
}

async function published(): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of names.list()) found.push(name.replace('r.io/app:', ''))
  return found.sort()
}

describe('what is pruned', () => {
  it('is what the entry has taken before and does not take now', async () => {
    await publish(['other'])
    expect(await run(1, ['a', 'b'])).toEqual([])
    expect(await run(2, ['b', 'c'])).toEqual(['a'])
    expect(await published()).toEqual(['b', 'c', 'other'])
  })

  it('S25 is nothing while not all names of the entry are known, and their time does not begin', async () => {
    await run(1, ['a', 'b'])
    expect(await run(2, ['b'], { hindrance: 'a list failed' })).toEqual([])
    expect(await run(10, ['b'], { keep: 9 })).toEqual([])
    expect(await run(19, ['b'], { keep: 9 })).toEqual(['a'])
  })

  it('does not have a name that another entry has as taken, and has it when that one drops it', async () => {
    await run(1, ['a', 'b'])
    await run(1, ['a'], { entry: 'other' })
    expect(await run(2, ['b'])).toEqual([])
    expect(await run(3, [], { entry: 'other' })).toEqual(['a'])
    expect(await run(4, ['b'])).toEqual([])
  })

  it('does not count names that were removed otherwise', async () => {
    const tags = Array.from({ length: 10 }, (_, i) => `${i}`)
    await run(1, tags)
    for (const tag of tags.slice(0, 9)) await names.delete(nameOf(tag))
    const limit = { percent: 10 }
    expect(await run(2, ['9'], { limit })).toEqual([])
    const { names: left } = (await ledgers.read('app')) ?? { names: new Map() }
    expect([...left.keys()]).toEqual([nameOf('9')])
  })

  it('has the signatures that came with it, unless an image that stays needs them', async () => {
    const referrers = { types: 'all' as const, askedAt: 0, manifests: [], tags: [signature] }
    await run(1, ['a', 'b', 'c'])
    await publish(['a', 'b'], { referrers })
    await publish([signature])
    expect(await run(2, ['b', 'c'])).toEqual(['a'])
    expect(await published()).toEqual(['b', 'c', signature])
    await names.delete(nameOf('b'))
    await publish(['b'], { referrers })
    expect(await run(3, ['c'])).toEqual(['b'])
    expect(await published()).toEqual(['c'])
  })

  it('does not have a signature that an entry takes as an image', async () => {
    const referrers = { types: 'all' as const, askedAt: 0, manifests: [], tags: [signature] }
    await run(1, ['a', 'b'])
    await run(1, [signature], { entry: 'signatures' })
    await publish(['a'], { referrers })
    expect(await run(2, ['b'])).toEqual(['a'])
    expect(await published()).toEqual(['b', signature])
  })

  it('S26 is told once and forgotten; a crash before it was forgotten changes nothing', async () => {
    await run(1, ['a', 'b'])
    const before = await ledgers.read('app')
    expect(await run(2, ['b'])).toEqual(['a'])
    if (before !== undefined) await ledgers.write(before)
    expect(await run(3, ['b'])).toEqual([])
    expect(await published()).toEqual(['b'])
  })
})

it.each<[PruneRule['limit'], number, number]>([
  [{ percent: 20 }, 5, 10],
  [{ percent: 20 }, 10, 50],
  [{ percent: 0 }, 5, 100],
  [{ names: 3 }, 3, 10],
])('the limit %j allows %i of %i names, and not one more', async (limit, allowed, total) => {
  const tags = Array.from({ length: total }, (_, i) => `${i}`)
  await run(1, tags)
  expect(await run(2, tags.slice(allowed + 1), { limit })).toEqual(['RESOURCE_EXHAUSTED'])
  expect(await published()).toHaveLength(total)
  expect(await run(3, tags.slice(allowed), { limit })).toHaveLength(allowed)
})

it('a dry run removes nothing, and sees changes that are not written', async () => {
  await run(1, ['a', 'b'])
  const before = await ledgers.read('app')
  const unwritten = unwrittenLedgers(ledgers)
  const rules = [{ entry: 'app', keep: 0, limit: { percent: 100 } }]
  const work = await beginPruning(rules, [{ entry: 'app', names: [nameOf('b')] }], unwritten, 2)
  const found: unknown[] = []
  for await (const each of pruneEntries(work, { ledgers: unwritten, names }, { now: 2, dryRun: true }))
    found.push(each.image?.name)
  expect(found).toEqual([nameOf('a')])
  expect(await ledgers.read('app')).toEqual(before)
  expect(await published()).toEqual(['a', 'b'])
})

it('a name is published exactly while an entry takes it, for whatever entries take', async () => {
  const tags = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
  const step = fc.record({ entry: fc.constantFrom('one', 'two', 'three'), taken: tags })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      names = new MemoryNames()
      ledgers = memoryLedgers()
      const taken = new Map<string, readonly string[]>()
      for (const [now, { entry, taken: own }] of steps.entries()) {
        taken.set(entry, own)
        await run(now + 1, own, { entry })
        for (const other of taken.keys())
          await pruned([{ entry: other, keep: 0, limit: { percent: 100 } }], now + 1)
        expect(await published()).toEqual([...new Set([...taken.values()].flat())].sort())
      }
    }),
  )
})
