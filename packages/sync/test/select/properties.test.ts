import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TagFilter } from '../../src/select/filter.js'
import { type Candidate, stages } from '../../src/select/rules.js'
import { selected, verdicts } from './support.js'

const tag = fc.oneof(
  fc.constantFrom('latest', 'edge', '../bad', `sha256-${'0'.repeat(64)}.sig`),
  fc
    .tuple(
      fc.constantFrom('', 'v'),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '-rc1', '-rc2'),
    )
    .map(([lead, numbers, rest]) => lead + numbers.join('.') + rest),
)
const created = fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined })
const candidate: fc.Arbitrary<Candidate> = fc.record({ tag, created }).map(({ tag: name, created: age }) => ({
  tag: name,
  created: age === undefined ? undefined : new Date(Date.UTC(2026, 5, 1) - age * 86_400_000),
}))
const candidates = fc.uniqueArray(candidate, { selector: (each) => each.tag, maxLength: 40 })

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const filter: fc.Arbitrary<TagFilter> = fc.record({
  list: optional(fc.array(tag, { minLength: 1, maxLength: 3 })),
  include: optional(fc.constantFrom(['*'], ['v*'], ['*1*', 'l*'])),
  regex: optional(fc.constantFrom(['.*'], ['[0-9.]+', 'edge'])),
  exclude: optional(fc.constantFrom(['*-rc1'], ['2*', '??st'])),
  excludeRegex: optional(fc.constantFrom(['v?1.*'], ['x'])),
  semver: optional(fc.constantFrom(['>=1'], ['~2.1', '<1'], ['*'])),
  prereleases: fc.boolean(),
  newerThan: optional(fc.constantFrom('90d', '2026-01-01')),
  newest: optional(fc.integer({ min: 1, max: 5 })),
  newestBy: fc.constantFrom('version', 'date', 'name'),
})

/** The keys of a filter that each stage reads. */
const keysOf = {
  name: [],
  include: ['list', 'include', 'regex'],
  exclude: ['exclude', 'excludeRegex'],
  semver: ['semver', 'prereleases'],
  'newer-than': ['newerThan'],
  newest: ['newest', 'newestBy'],
} as const

function pick(whole: TagFilter, keys: readonly (keyof TagFilter)[]): TagFilter {
  return Object.fromEntries(keys.map((key) => [key, whole[key]]))
}

describe('a selection, for any tags and any filter,', () => {
  it('has one verdict for each tag', () =>
    fc.assert(
      fc.asyncProperty(candidates, filter, async (tags, rules) => {
        const found = (await verdicts(tags, rules)).map((verdict) => verdict.tag)
        expect(found.toSorted()).toEqual(tags.map((each) => each.tag).toSorted())
      }),
    ))

  it('is the selection of its stages one after the other, in their order', () =>
    fc.assert(
      fc.asyncProperty(candidates, filter, async (tags, rules) => {
        let left: readonly Candidate[] = tags
        for (const stage of stages) {
          const kept = new Set(await selected(left, pick(rules, keysOf[stage])))
          left = left.filter((each) => kept.has(each.tag))
        }
        expect((await selected(tags, rules)).toSorted()).toEqual(left.map((each) => each.tag).toSorted())
      }),
    ))

  it('is idempotent', () =>
    fc.assert(
      fc.asyncProperty(candidates, filter, async (tags, rules) => {
        const once = await selected(tags, rules)
        const kept = tags.filter((each) => once.includes(each.tag))
        expect((await selected(kept, rules)).toSorted()).toEqual(once.toSorted())
      }),
    ))

  it('does not change when the tags that fell out before a stage are missing', () =>
    fc.assert(
      fc.asyncProperty(candidates, filter, fc.constantFrom(...stages), async (tags, rules, stage) => {
        const fallen = new Map((await verdicts(tags, rules)).map((verdict) => [verdict.tag, verdict.fellAt]))
        const reached = tags.filter((each) => {
          const fellAt = fallen.get(each.tag)
          return fellAt === undefined || stages.indexOf(fellAt) >= stages.indexOf(stage)
        })
        const again = new Map(
          (await verdicts(reached, rules)).map((verdict) => [verdict.tag, verdict.fellAt]),
        )
        for (const { tag: name } of reached) expect(again.get(name)).toBe(fallen.get(name))
      }),
    ))

  it('does not depend on the order of the listing', () =>
    fc.assert(
      fc.asyncProperty(candidates, filter, async (tags, rules) => {
        const forwards = (await selected(tags, rules)).toSorted()
        expect((await selected(tags.toReversed(), rules)).toSorted()).toEqual(forwards)
      }),
    ))

  it('asks for the date of those tags only that reach a stage with dates', () =>
    fc.assert(
      fc.asyncProperty(candidates, filter, async (tags, rules) => {
        const asked: string[] = []
        const findDate = async (name: string) => {
          asked.push(name)
          return undefined
        }
        const dateless = tags.map((each) => ({ tag: each.tag }))
        const found = await verdicts(dateless, rules, { findDate })
        const before = ['name', 'include', 'exclude', 'semver'] as const
        const fallen = found
          .filter(({ fellAt }) => before.some((stage) => stage === fellAt))
          .map((each) => each.tag)
        expect(asked.filter((name) => fallen.includes(name))).toEqual([])
      }),
    ))
})
