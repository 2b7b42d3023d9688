import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readReferences } from '../src/mirror/references.js'
import { captured } from './support/context.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dist-references-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (content: string | Uint8Array, name = 'refs.txt') => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const read = async (texts: string[], files: string[], stdin: string[] = []) => [
  ...(await readReferences(captured({ stdin }).context, texts, files)).names,
]

it('references come from arguments, files and stdin, one per line, without comments and blank lines', async () => {
  const first = file('\uFEFFalpine:3.20\r\n\r\n  # all of it\n\tquay.io/a/b:1  # pinned\n')
  const second = file('busybox', 'more.txt')
  expect(await read(['debian:12'], [first, second, '-'], ['redis:7\n'])).toEqual([
    'docker.io/library/debian:12',
    'docker.io/library/alpine:3.20',
    'quay.io/a/b:1',
    'docker.io/library/busybox:latest',
    'docker.io/library/redis:7',
  ])
})

it('a repeated reference or file counts once, in any spelling', async () => {
  const path = file('docker.io/library/alpine:latest\nindex.docker.io/alpine\n')
  expect(await read(['alpine', 'alpine:latest'], [path, path, '-', '-'], ['alpine\n'])).toEqual([
    'docker.io/library/alpine:latest',
  ])
})

it('the error names file and line of the first invalid reference, and counts the others', async () => {
  const path = file('alpine\n\nno good\nAlso/Bad\n')
  await expect(read([], [path])).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/refs\.txt:3: .*\(and 1 more lines that are not a reference\)$/),
  })
  await expect(read([], ['-'], ['a:b:c'])).rejects.toMatchObject({
    message: expect.stringMatching(/^stdin:1: /),
  })
})

it('a missing file is a usage error that names the file', async () => {
  await expect(read([], [join(folder, 'none.txt')])).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('none.txt'),
  })
})

it('ten thousand lines are read', async () => {
  const path = file(Array.from({ length: 10_000 }, (_, i) => `example.com/app:${i}`).join('\n'))
  expect(await read([], [path])).toHaveLength(10_000)
})
