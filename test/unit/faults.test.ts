import { expect, it } from 'vitest'
import { repositoryFiles } from './tree.js'

const page = repositoryFiles(/^docs\/faults\.md$/).get('docs/faults.md') ?? ''
const defined = [...page.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id = '']) => id)
const tests = repositoryFiles(
  /^((packages|services)\/[^/]+\/test|packages\/testkit\/src|test\/integration)\/.*\.ts$/,
)

/** The ids in the names of tests and in comments. The protocol S3 is none: the id stands first, or in parentheses. */
function idsOf(source: string): string[] {
  const ids = [...source.matchAll(/\b([RSQLAW]\d{1,2})\b/g)]
    .map(([, id = '']) => id)
    .filter((id) => id !== 'S3')
  return /['`]S3 |\(S3\)/.test(source) ? [...ids, 'S3'] : ids
}

const used = new Set([...tests.values()].flatMap(idsOf))

it('docs/faults.md defines every id that tests use', () => {
  expect(used.size).toBeGreaterThan(80)
  expect([...used].filter((id) => !defined.includes(id))).toEqual([])
})

it('tests use every id that docs/faults.md defines, and it defines each one once', () => {
  expect(defined.filter((id) => !used.has(id))).toEqual([])
  expect(defined).toEqual([...new Set(defined)])
})
