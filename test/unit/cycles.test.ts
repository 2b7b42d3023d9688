import { describe, expect, it } from 'vitest'
import { valueCycles } from './cycles.js'
import { madeUpTree, repositoryFiles } from './tree.js'

const files = repositoryFiles(/^(packages|services|infra|test)\/.*\.[cm]?[jt]s$/)

describe('imports of values', () => {
  it('form no cycle between files', () => {
    expect(files.size).toBeGreaterThan(500)
    expect(valueCycles(files)).toEqual([])
  })
})

describe('valueCycles', () => {
  const cycles = (a: string, b: string, more: Record<string, string> = {}) =>
    valueCycles(madeUpTree({ 'x/a.ts': a, 'x/b.ts': b, ...more }))

  it.each([
    [`import { b } from './b.js'`, `import { a } from './a.js'`],
    [`import { b } from './b.js'`, `import {\n  a,\n  type A,\n} from './a.js'`],
    [`import './b.js'`, `export * from './a.js'`],
    [`import b from './b.js'`, `export { a } from "./a.js"`],
  ])('finds the cycle of %s and %s', (a, b) => {
    expect(cycles(a, b)).toEqual([['x/a.ts', 'x/b.ts']])
  })

  it('finds a file that imports itself, and a cycle of three files once', () => {
    expect(cycles(`import './a.js'`, '')).toEqual([['x/a.ts']])
    const third = { 'y/c.mjs': `import '../x/a.js'` }
    expect(cycles(`import './b.js'`, `import '../y/c.mjs'`, third)).toEqual([['x/a.ts', 'x/b.ts', 'y/c.mjs']])
  })

  it.each([
    ['one direction', `import './b.js'`, ''],
    [
      'types',
      `import { b } from './b.js'`,
      `import type { A } from './a.js'\nexport type { A } from './a.js'`,
    ],
    ['a dynamic import', `import { b } from './b.js'`, `export const a = () => import('./a.js')`],
    ['a comment', `import { b } from './b.js'`, `// import { a } from './a.js'`],
  ])('finds none in %s', (_, a, b) => {
    expect(cycles(a, b)).toEqual([])
  })
})
