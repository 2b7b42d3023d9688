import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readTree, type TarEntry, tarArchive } from '@dist/testkit'
import { build } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isRoot, removeAll } from '../support/target.js'

const base = mkdtempSync(join(tmpdir(), 'apply-user-'))
const program = join(base, 'apply.mjs')
const target = join(base, 'target')
const user = isRoot
  ? { uid: 65534, gid: 65534 }
  : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const owner = `${user.uid}:${user.gid}`

const source = `
import { readFileSync } from 'node:fs'
import { applyLayer } from ${JSON.stringify(fileURLToPath(new URL('../../src/apply/apply.ts', import.meta.url)))}
const warnings = []
const layer = async function* () { yield readFileSync(0) }
const onWarning = (warning) => warnings.push(warning)
const outcome = await applyLayer(process.argv[2], layer(), { onWarning }).catch(({ code, message }) => ({ code, message }))
console.log(JSON.stringify({ ...outcome, warnings }))
`

/** Applies a layer in a process without root. */
function apply(entries: readonly TarEntry[], directory = target) {
  const output = execFileSync(process.execPath, [program, directory], {
    ...user,
    input: tarArchive(entries),
    cwd: base,
  })
  return JSON.parse(output.toString())
}

beforeAll(async () => {
  await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    outfile: program,
    logLevel: 'silent',
  })
  chmodSync(base, 0o711)
})
afterAll(() => removeAll(base))

beforeEach(() => {
  removeAll(target)
  mkdirSync(target)
  chownSync(target, user.uid, user.gid)
})

describe('without root', () => {
  it('all files belong to the user, with one warning', () => {
    const { entries, warnings } = apply([
      { path: 'a', content: 'x', uid: 0, mode: 0o4755 },
      { path: 'd', type: 'directory', uid: 7, gid: 8, mode: 0o1770, mtime: 4 },
      { path: 'd/l', link: '../a', uid: 7 },
      { path: 'd/h', type: 'hardlink', link: 'a' },
      { path: 'd/p', type: 'fifo', mode: 0o600 },
    ])
    expect(entries).toBe(5)
    expect(warnings).toEqual([{ entry: 'a', reason: expect.stringContaining('its owner') }])
    const tree = readTree(target)
    expect(new Set(Object.values(tree).map((node) => node.owner))).toEqual(new Set([owner]))
    expect(tree).toMatchObject({
      a: { mode: '4755' },
      d: { mode: '1770', mtime: '4000000' },
      'd/p': { type: 'fifo' },
    })
  })

  it('L9: devices are left out with a warning', () => {
    const { warnings } = apply([
      { path: 'null', type: 'character', major: 1, minor: 3, uid: user.uid, gid: user.gid },
    ])
    expect(warnings).toEqual([{ entry: 'null', reason: 'only root can make devices' }])
    expect(Object.keys(readTree(target))).toEqual(['.'])
  })

  it('directories without permissions are filled, replaced and emptied, and keep their modes', () => {
    const rights: TarEntry[] = [
      { path: './', type: 'directory', mode: 0o555, mtime: 1 },
      { path: 'r', type: 'directory', mode: 0o500, mtime: 2 },
      { path: 'r/none', type: 'directory', mode: 0, mtime: 3 },
      { path: 'r/none/f', content: 'low', mode: 0 },
      { path: 'w/none', type: 'directory', mode: 0 },
      { path: 'w/none/sub/f', content: 'low' },
    ]
    expect(apply(rights)).toMatchObject({ entries: 6 })
    const upper: TarEntry[] = [
      { path: 'r/none/g', content: 'high' },
      { path: 'r/none/f', content: 'high' },
    ]
    expect(apply([...upper, { path: 'w/.wh.none' }])).toMatchObject({ entries: 3 })
    const tree = opened(() => readTree(target), 'r', 'r/none')
    expect(Object.keys(tree)).toEqual(['.', 'r', 'r/none', 'r/none/f', 'r/none/g', 'w'])
    expect(tree).toMatchObject({ '.': { mode: '555' }, 'r/none': { mtime: '3000000' } })
  })

  it('a root with a read-only mode has no undo directory afterwards', () => {
    apply([{ path: 'a', link: '.' }])
    const layer: TarEntry[] = [{ path: '.wh..wh..opq' }, { path: './', type: 'directory', mode: 0o444 }]
    expect(apply(layer)).toMatchObject({ entries: 2 })
    expect(opened(() => Object.keys(readTree(target)), '.')).toEqual(['.'])
  })

  it('a layer that fails leaves modes and content unchanged', () => {
    apply([
      { path: 'r', type: 'directory', mode: 0o500, mtime: 2 },
      { path: 'r/d', type: 'directory', mode: 0o511, mtime: 3 },
      { path: 'r/d/f', content: 'low' },
    ])
    const before = readTree(target)
    const failure = apply([{ path: 'r/new', content: '' }, { path: 'r/d', content: '' }, { path: '.wh.' }])
    expect(failure).toMatchObject({ code: 'MALFORMED' })
    expect(readTree(target)).toEqual(before)
  })

  it('a directory without write permission is an error, naming the path', () => {
    expect(apply([{ path: 'd/f', content: '' }], '/etc')).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/^d\/f: /),
    })
  })
})

/** Reads files with all permissions set temporarily. */
function opened<T>(read: () => T, ...paths: readonly string[]): T {
  if (isRoot) return read()
  for (const path of paths) chmodSync(join(target, path), 0o700)
  return read()
}
