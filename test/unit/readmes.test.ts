import { describe, expect, it } from 'vitest'
import {
  needsServers,
  packageReadmes,
  parseReadme,
  promisedOutput,
  type Readme,
  runExample,
} from '../readmes.js'
import { table } from './import-rules.js'

const { readmes, missing } = packageReadmes()
const withoutServers = readmes.filter((readme) => !needsServers(readme))

/** The last line of the README of a package, by the table of import rules. */
function importsLine(imports: readonly string[] = []): string {
  return `Imports: ${imports.length === 0 ? 'nothing of its own' : imports.join(', ')}.`
}

/** Every breach of the convention for the README of a package, one line each. */
function readmeBreaches(readme: Readme): string[] {
  const { name, lines, examples } = readme
  const expected = importsLine(table[name])
  const promised = promisedOutput(readme)
  const checks: [holds: boolean, breach: string][] = [
    [lines[0] === `# @dist/${name}`, `first line is not "# @dist/${name}"`],
    [lines.length >= 10 && lines.length <= 25, `${lines.length} lines, not 10 to 25`],
    [lines.at(-1) === expected, `last line is not "${expected}"`],
    [examples.length === 1, `${examples.length} blocks of ts, not one`],
    [promised.length > 0 && !promised.includes(''), 'a console.log without a comment that gives its output'],
  ]
  return checks.filter(([holds]) => !holds).map(([, breach]) => `packages/${name}/README.md: ${breach}`)
}

describe('the README of a package', () => {
  it('exists', () => {
    expect(missing).toEqual([])
  })

  it('keeps the convention', () => {
    expect(readmes.flatMap(readmeBreaches)).toEqual([])
  })

  it.each(withoutServers.map((readme) => [readme.name, readme] as const))(
    'of %s has an example that prints what it promises',
    async (name, readme) => {
      expect(await runExample(name)).toEqual(promisedOutput(readme))
    },
  )
})

describe('the check of a README', () => {
  const example = ['```ts', `console.log(1) // 1`, '```']
  const right = ['# @dist/locks', '', 'One.', '', 'Two.', '', ...example, '', importsLine(table.locks)]
  const breaches = (lines: readonly string[]) => readmeBreaches(parseReadme('locks', `${lines.join('\n')}\n`))

  it('accepts one that keeps the convention', () => {
    expect(breaches(right)).toEqual([])
  })

  it.each([
    ['another title', ['# locks', ...right.slice(1)], 'first line'],
    ['too few lines', right.filter((line) => line !== ''), '7 lines, not 10 to 25'],
    ['too many lines', [...right.slice(0, -1), ...Array(20).fill(''), right.at(-1) ?? ''], '10 to 25'],
    ['other imports', [...right.slice(0, -1), 'Imports: content.'], 'last line'],
    ['no example', [...right.slice(0, 6), '', '', '', ...right.slice(-2)], '0 blocks'],
    ['two examples', [...example, ...right].toSpliced(0, 0, right[0] ?? ''), '2 blocks'],
    ['an output that is not given', right.map((line) => line.replace(' // 1', '')), 'without a comment'],
  ])('rejects %s', (_, lines, breach) => {
    expect(breaches(lines)).toContainEqual(expect.stringContaining(breach))
  })
})
