import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DistError } from '@dist/errdefs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeOutputFile } from '../src/output/file.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dist-output-'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

async function* chunks(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function* failing(error: unknown): AsyncIterable<Uint8Array> {
  yield Buffer.from('a part')
  throw error
}

it('a file appears when it is complete, and replaces an existing file with force', async () => {
  await writeOutputFile(at('out'), chunks('first'))
  expect(readFileSync(at('out'), 'utf8')).toBe('first')
  const watched = async function* () {
    yield Buffer.from('sec')
    expect(readFileSync(at('out'), 'utf8')).toBe('first')
    yield Buffer.from('ond')
  }
  await writeOutputFile(at('out'), watched(), { force: true })
  expect(readFileSync(at('out'), 'utf8')).toBe('second')
  expect(readdirSync(folder)).toEqual(['out'])
})

it('an existing file is refused before the content is read, unless the file is empty', async () => {
  writeFileSync(at('out'), 'from before')
  const untouched = failing(new Error('was read'))
  await expect(writeOutputFile(at('out'), untouched)).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    message: expect.stringMatching(/out: exists already; .*--force/),
  })
  expect(readFileSync(at('out'), 'utf8')).toBe('from before')
  writeFileSync(at('empty'), '')
  await writeOutputFile(at('empty'), chunks('new'))
  expect(readFileSync(at('empty'), 'utf8')).toBe('new')
})

it.each([
  ['no file', undefined],
  ['an empty file', ''],
])(
  'a file that another process creates during the write is not replaced; before the write there was %s',
  async (_, before) => {
    if (before !== undefined) writeFileSync(at('out'), before)
    const overtaken = async function* () {
      yield Buffer.from('mine')
      writeFileSync(at('out'), 'of another process')
    }
    await expect(writeOutputFile(at('out'), overtaken())).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(readFileSync(at('out'), 'utf8')).toBe('of another process')
    expect(readdirSync(folder)).toEqual(['out'])
  },
)

it('a failed write leaves no file and throws the original error', async () => {
  writeFileSync(at('out'), 'from before')
  for (const error of [new DistError('FAILED_PRECONDITION', 'rotten'), new Error('a defect')])
    await expect(writeOutputFile(at('out'), failing(error), { force: true })).rejects.toBe(error)
  expect(readFileSync(at('out'), 'utf8')).toBe('from before')
  expect(readdirSync(folder)).toEqual(['out'])
})

it('the target of a link is replaced', async () => {
  mkdirSync(at('elsewhere'))
  writeFileSync(at('elsewhere/real'), 'from before')
  symlinkSync('elsewhere/real', at('out'))
  await writeOutputFile(at('out'), chunks('new'), { force: true })
  expect(lstatSync(at('out')).isSymbolicLink()).toBe(true)
  expect(readFileSync(at('elsewhere/real'), 'utf8')).toBe('new')
  expect(readdirSync(at('elsewhere'))).toEqual(['real'])
})

it('an invalid path is a usage error that names the path', async () => {
  mkdirSync(at('folder'))
  writeFileSync(at('file'), '')
  for (const place of ['folder', 'no/such/place', 'file/out', 'n'.repeat(300)])
    await expect(writeOutputFile(at(place), chunks('x'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(place.slice(0, 100)),
    })
})

it('a full disk is reported with the name of the file', async () => {
  await expect(writeOutputFile('/dev/full', chunks('x'))).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    message: '/dev/full: cannot be written: no space left on the device (ENOSPC)',
  })
})
