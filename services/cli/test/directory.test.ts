import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDirectory } from '../src/input/directory.js'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'directory-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a created directory is removed, with its created parents', async () => {
  {
    await using directory = await openDirectory(join(folder, 'a/b/c'))
    expect(existsSync(directory.path)).toBe(true)
  }
  expect(existsSync(join(folder, 'a'))).toBe(false)
  expect(existsSync(folder)).toBe(true)
})

it('a created directory stays after keep', async () => {
  {
    await using directory = await openDirectory(join(folder, 'a/b'))
    directory.keep()
  }
  expect(existsSync(join(folder, 'a/b'))).toBe(true)
})

it('an existing directory stays', async () => {
  mkdirSync(join(folder, 'a'))
  {
    await using _ = await openDirectory(join(folder, 'a'))
  }
  expect(existsSync(join(folder, 'a'))).toBe(true)
})

it('files of other processes stay', async () => {
  {
    await using directory = await openDirectory(join(folder, 'a/b'))
    writeFileSync(join(directory.path, '..', 'theirs'), '')
  }
  expect(existsSync(join(folder, 'a/theirs'))).toBe(true)
  expect(existsSync(join(folder, 'a/b'))).toBe(false)
})

it.each(['file', 'file/below', 'n'.repeat(300)])('%s is refused as a directory path', async (name) => {
  writeFileSync(join(folder, 'file'), '')
  await expect(openDirectory(join(folder, name))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(join(folder, name.slice(0, 50))),
  })
})

it('a path on a file system without new directories is refused at any depth', async () => {
  for (const path of ['/proc/none', '/proc/none/below'])
    await expect(openDirectory(path)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(path),
    })
})
