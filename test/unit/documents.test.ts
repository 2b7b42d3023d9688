import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { repositoryFiles } from './tree.js'

const documents = repositoryFiles(/^[^/]+\.md$|^docs\/.*\.md$/)
const paths = [...repositoryFiles(/\.test\.ts$/).keys()]
const top = fileURLToPath(new URL('../../', import.meta.url))

/** `*` matches any characters within the name of a folder or file. */
function pattern(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[.+?^$()[\]{}|\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^/]*')}$`)
}

it('every test that a document names exists', () => {
  const named = [...documents].flatMap(([document, text]) =>
    [...text.matchAll(/`([^`\s]+\.test\.ts)`/g)].map(([, glob = '']) => ({ document, glob })),
  )
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter(({ glob }) => !paths.some((path) => pattern(glob).test(path)))).toEqual([])
})

it('every path of the tree that a document names exists', () => {
  const named = [...documents].flatMap(([document, text]) =>
    [...text.matchAll(/`((?:packages|services|infra|test)\/[^`\s*<>{}]+)`/g)].map(([, path = '']) => ({
      document,
      path,
    })),
  )
  expect(named.length).toBeGreaterThan(60)
  expect(named.filter(({ path }) => !existsSync(join(top, path)))).toEqual([])
})

it('every document that another one links to exists', () => {
  const links = [...documents].flatMap(([document, text]) =>
    [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => ({ document, link })),
  )
  expect(links.length).toBeGreaterThan(50)
  const lost = links.filter(({ document, link }) => !existsSync(join(top, dirname(document), link)))
  expect(lost).toEqual([])
})

it('every Redis that a document starts listens on loopback', () => {
  const started = [...documents].flatMap(([document, text]) =>
    [...text.matchAll(/^ {4}.*\bredis-server --.*$/gm)].map(([line]) => ({ document, line })),
  )
  expect(started.length).toBeGreaterThan(0)
  expect(started.filter(({ line }) => !line.includes('--bind 127.0.0.1 '))).toEqual([])
})
