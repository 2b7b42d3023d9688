import { describe, expect, it } from 'vitest'
import { houseBreaches } from './house-rules.js'
import { madeUpTree, repositoryFiles } from './tree.js'

const files = repositoryFiles(/^(packages|services|infra|test)\/.*\.([cm]?[jt]s|json)$|^package-lock\.json$/)

describe('house rules', () => {
  it('are kept', () => {
    expect(files.size).toBeGreaterThan(50)
    expect(houseBreaches(files)).toEqual([])
  })

  const skipping = (word: string) => `it.${word}('x', () => {})`
  it.each([
    ['packages/oci/src/long.ts', 'x\n'.repeat(301), 'has 301 lines'],
    ['packages/oci/src/path-utils.ts', '', 'by its role'],
    ['packages/oci/src/x.ts', 'export class DigestHelper {}', 'exports DigestHelper'],
    ['packages/oci/src/x.ts', 'export function commonParts() {}', 'exports commonParts'],
    ['packages/oci/test/x.test.ts', skipping('only'), 'leaves tests out'],
    ['packages/oci/test/x.test.ts', skipping('skip.each([])'), 'leaves tests out'],
    ['packages/oci/test/x.test.ts', skipping('todo'), 'leaves tests out'],
    [
      'package-lock.json',
      '{"packages":{"node_modules/a":{"resolved":"https://npm.example/a.tgz"}}}',
      'npm.example',
    ],
    [
      'package-lock.json',
      '{"packages":{"node_modules/a":{"resolved":"git+ssh://git@github.com/a/a.git"}}}',
      'github',
    ],
  ])('find the breach in %s: %.40s', (path, text, breach) => {
    expect(houseBreaches(madeUpTree({ [path]: text }))).toEqual([expect.stringContaining(breach)])
  })

  it('find a package of another name, and one without tests', () => {
    const tree = madeUpTree({ 'packages/oci/package.json': { name: '@dist/other' } })
    expect(houseBreaches(tree)).toEqual([
      expect.stringContaining('must be @dist/oci'),
      expect.stringContaining('no tests'),
    ])
  })

  it('accept a tree that keeps them', () => {
    const tree = madeUpTree({
      'packages/oci/package.json': { name: '@dist/oci' },
      'packages/oci/src/digest.ts': 'x\n'.repeat(300),
      'packages/oci/src/credential-helper.ts': 'export class CredentialHelper {}',
      'packages/oci/test/digest.test.ts': `it.each([])('x', () => {})`,
      'package-lock.json': {
        packages: {
          'node_modules/a': { resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' },
          'node_modules/@dist/oci': { resolved: 'packages/oci', link: true },
          'node_modules/b': {},
        },
      },
    })
    expect(houseBreaches(tree)).toEqual([])
  })
})
