import { describe, expect, it } from 'vitest'
import { adapters, choosers, importBreaches, importsOf, table } from './import-rules.js'
import { madeUpTree, repositoryFiles } from './tree.js'

const files = repositoryFiles(
  /^(packages|services)\/[^/]+\/(src\/.*\.[cm]?tsx?|package\.json|tsconfig\.json)$/,
)

/** The names in backticks, sorted. */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, name = '']) => name).sort()
}

describe('import directions', () => {
  it('are kept by every source', () => {
    expect(importBreaches(files)).toEqual([])
  })

  it('let only the packages that choose a driver import one', () => {
    const others = Object.entries(table).filter(([name]) => !choosers.includes(name))
    const given = new Set(others.flatMap(([, imports]) => imports))
    expect(adapters.filter((adapter) => given.has(adapter))).toEqual([])
  })

  it('are those of the table in docs/design.md', () => {
    const [design = ''] = repositoryFiles(/^docs\/design\.md$/).values()
    const [, section = ''] = design.split('## The tree and the import rules')
    const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z0-9-]+)` \|.*\|([^|]*)\|$/gm)].map(
      ([, name = '', imports = '']) => [name, namesIn(imports)] as const,
    )
    const rules = Object.entries(table).map(([name, imports]) => [name, [...imports].sort()] as const)
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(rules))
  })

  it('keep testkit out of what is installed', () => {
    const dependents = [...files].filter(
      ([path, text]) =>
        path.endsWith('package.json') && '@dist/testkit' in (JSON.parse(text).dependencies ?? {}),
    )
    expect(dependents).toEqual([])
  })

  it('are looked at in all packages', () => {
    const sources = [...files.keys()].filter((path) => path.includes('/src/'))
    expect(new Set(sources.map((path) => path.split('/')[1])).size).toBeGreaterThan(10)
    expect([...files.values()].flatMap(importsOf).length).toBeGreaterThan(200)
  })
})

describe('importsOf', () => {
  it.each([
    [`import { a } from 'x'`, 'x'],
    [`import type { A } from "x"`, 'x'],
    [`import a, { type B } from 'x/y.js'`, 'x/y.js'],
    [`import * as a from '@s/x'`, '@s/x'],
    [`import {\n  a,\n  b,\n} from './x.js'`, './x.js'],
    [`import 'x'`, 'x'],
    [`export { a } from 'x'`, 'x'],
    [`export * from 'x'`, 'x'],
    [`export type { A } from 'x'`, 'x'],
    [`export * as a from 'x'`, 'x'],
    [`const a = await import('x')`, 'x'],
    [`const a = await import(\n  'x'\n)`, 'x'],
    ['const a = await import(`x`)', 'x'],
    [`let a: import('x').A`, 'x'],
    [`import a = require('x')`, 'x'],
    [`import.meta.resolve('x')`, 'x'],
    [`const r = /"'\\/\\//; import('x')`, 'x'],
  ])('finds that of %s', (source, specifier) => {
    expect(importsOf(source)).toEqual([specifier])
  })

  it('reports what it cannot read', () => {
    expect(importsOf('await import(name)')).toEqual(['computed: import(name'])
    expect(importsOf(`await import(\`./\${name}.js\`)`)).toContainEqual(expect.stringContaining('computed'))
  })

  it('does not read comments', () => {
    expect(importsOf(`// import 'x'\n/** from 'y' */\n * from 'z'\nconst from = 'w'`)).toEqual([])
  })
})

const dependencies = {
  '@dist/errdefs': '*',
  '@dist/content': '*',
  '@dist/content-s3': '*',
  '@dist/images': '*',
}
const references = Object.keys(dependencies).map((name) => ({ path: `../${name.slice(6)}` }))

function breachesOf(name: string, source: string, manifest: object = { dependencies }, folder = 'packages') {
  return importBreaches(
    madeUpTree({
      [`${folder}/${name}/package.json`]: { name: `@dist/${name}`, ...manifest },
      [`${folder}/${name}/tsconfig.json`]: { references },
      [`${folder}/${name}/src/verb.ts`]: source,
    }),
  )
}

describe('the rules', () => {
  it.each([
    ['a contract from below', 'images', `import '@dist/content'`],
    [
      'a contract that an allowed contract imports',
      'remotes',
      `import type { Provider } from '@dist/content'`,
    ],
    ['a file of the same package', 'images', `import './walk.js'`],
    ['its own manifest', 'images', `import '../package.json'`],
    ["node's own modules", 'images', `import 'node:fs/promises'`],
  ])('allow %s', (_, name, source) => {
    expect(breachesOf(name, source)).toEqual([])
  })

  it.each([
    ['a contract from above', 'content', `import '@dist/images'`, 'must not'],
    ['an adapter, in another adapter', 'content-local', `import '@dist/content-s3'`, 'must not'],
    ['an adapter, in a use case', 'mirror', `await import('@dist/content-s3')`, 'must not'],
    ['an adapter, for its types', 'mirror', `import type { X } from '@dist/content-s3'`, 'must not'],
    ['an adapter, to export it again', 'mirror', `export * from '@dist/content-s3'`, 'must not'],
    ['anything, in errdefs', 'errdefs', `import '@dist/content'`, 'must not'],
    ['a service', 'mirror', `import '@dist/cli'`, 'must not'],
    ['a service, by its path', 'mirror', `import '../../../services/cli/src/run.js'`, 'leaves its package'],
    ['testkit', 'images', `import '@dist/testkit/fixtures'`, 'for tests'],
    ['a package that is not declared', 'mirror', `import '@dist/reference'`, 'not among the dependencies'],
    [
      'a foreign package that is not declared',
      'images',
      `import 'undici/lib/x.js'`,
      'not among the dependencies',
    ],
    ['the source of a neighbour', 'images', `import '../../oci/src/digest.js'`, 'leaves its package'],
    ['a specifier that is computed at run time', 'images', `await import(name)`, 'not a literal'],
    [
      'anything, in a package that the table does not know',
      'new',
      `import '@dist/content'`,
      'does not know new',
    ],
  ])('forbid %s', (_, name, source, breach) => {
    expect(breachesOf(name, source)).toEqual([expect.stringContaining(breach)])
  })

  it('forbid a package that tsconfig.json does not refer to', () => {
    const more = { dependencies: { ...dependencies, '@dist/oci': '*' } }
    expect(breachesOf('images', `import '@dist/oci'`, more)).toEqual([expect.stringContaining('references')])
  })

  it('forbid a package that is only a devDependency', () => {
    const dev = { devDependencies: { undici: '7' } }
    expect(breachesOf('images', `import 'undici'`, dev)).toEqual([expect.stringContaining('dependencies')])
  })

  it('allow services everything except testkit', () => {
    expect(breachesOf('cli', `import '@dist/content'`, { dependencies }, 'services')).not.toContainEqual(
      expect.stringContaining('must not'),
    )
    expect(breachesOf('cli', `import '@dist/testkit'`, { dependencies }, 'services')).toHaveLength(1)
  })

  it.each([
    'process.env.HOME',
    'process?.env',
    'const { env } = process',
    `process['env']`,
    `import { env } from 'node:process'`,
  ])('forbid packages the environment (%s)', (source) => {
    expect(breachesOf('images', source)).toEqual([expect.stringContaining('environment')])
    expect(breachesOf('cli', source, {}, 'services')).toEqual([])
  })
})
