import { base256, type TarEntry } from '@dist/testkit/fixtures'
import fc from 'fast-check'
import type { LayerStack } from './layer-stacks.js'

/** The directory beside the target that no layer may touch, and a file in it. */
export const outsideName = 'outside'
export const secretName = 'secret'

/** Names that layers make, names in the target, and names that lead outside when a link above them does. */
const path = fc.constantFrom(
  ...['a', 'b', 'c', 'a/', 'b/', 'a/b', 'a/secret', 'b/secret', 'a/b/c', 'a/b/secret', 'c/../a'],
  ...['kept/', 'kept/file', 'shared', 'escape', 'escape/', 'escape/new', 'escape/secret', 'escape/a/file'],
  ...['deep/escape/secret', 'deep/escape/b', 'deep/escape/', '/a', '//b', './a/./b'],
)

const whiteout = fc.constantFrom(
  ...['.wh.a', '.wh.escape', 'a/.wh.secret', 'a/.wh..wh..opq', 'escape/.wh.secret', 'escape/.wh..wh..opq'],
  ...['deep/escape/.wh..wh..opq', 'deep/.wh.escape', '.wh..wh..opq', 'b/.wh.b'],
)

// Links to the outside, single or chained: `a` leads to `b`, `b` leads outside, `a/secret` is written.
const link = (outside: string) =>
  fc.constantFrom(
    ...[outside, `../${outsideName}`, `../../../../../../../..${outside}`, `a/../../${outsideName}`],
    ...[`b/../${outsideName}`, `${outside}/${secretName}`, `../${outsideName}/${secretName}`],
    ...['a', 'b', './c/', 'a/b', '/a', '..', '../..', '/', '.', 'escape', 'deep/escape/a', 'kept'],
    ...['/proc/self/root', '/proc/self/cwd', '/proc/self/fd', '/proc/self/fd/3'],
  )

const hardlinked = (outside: string) =>
  fc.constantFrom(
    ...['kept/file', 'kept/file', 'escape', 'a', 'b', 'a/b', '/kept/file', 'a/secret', 'escape/secret'],
    ...[secretName, `../${outsideName}/${secretName}`, `${outside}/${secretName}`, 'kept'],
  )

/** Names that must be refused, or created within the target. */
const oddPath = (outside: string) =>
  fc.constantFrom<string | Uint8Array>(
    ...[`../${outsideName}/${secretName}`, `../${outsideName}/new`, `${outside}/${secretName}`, '../new'],
    ...[
      `a/../../${outsideName}/${secretName}`,
      `../.wh.${outsideName}`,
      '../.wh..wh..opq',
      `../${outsideName}/`,
    ],
    ...['.wh.', '.wh..', '.wh...', 'a/.wh..', 'a/.wh...', '.wh..wh.a', '.wh..wh..opq/x', '.wh.a/x'],
    ...['', '.', '..', '/', 'a\nb', 'a\\..\\b', '\x1b[2J', '\uff41', 'n'.repeat(300), 'd/'.repeat(2000)],
    ...[Buffer.from([0x61, 0xff, 0xfe]), Buffer.from('a\0b')],
  )

const raw = fc.constantFrom<NonNullable<TarEntry['raw']>>(
  { size: base256(2n ** 62n, 12) },
  { size: base256(-1, 12) },
  { checksum: '000000\0 ' },
  ...['S', '7', 'Z', 'x', 'g', 'L', 'K'].map((flag) => ({ flag })),
  { prefix: `../${outsideName}` },
  { mtime: 'notoctal' },
  { mode: base256(2n ** 40n, 8) },
)

const pax = (outside: string) =>
  fc.constantFrom<NonNullable<TarEntry['pax']>>(
    { path: `../${outsideName}/${secretName}` },
    { path: `${outside}/${secretName}` },
    { path: 'a\0b' },
    { path: '' },
    { linkpath: `../${outsideName}/${secretName}` },
    { size: '99999999999999999999' },
    { size: '-1' },
    { mtime: 'nan' },
    { uid: '-5' },
    { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': `../${outsideName}/new` },
    { 'SCHILY.xattr.security.capability': 'x' },
  )

const fields = fc.record({
  mode: fc.constantFrom(0o644, 0o777, 0o4777, 0o0),
  uid: fc.constantFrom(0, 12_345),
  mtime: fc.integer({ min: 0, max: 10 ** 9 }),
})

const content = fc.constantFrom('', 'overwritten')

function entry(outside: string): fc.Arbitrary<TarEntry> {
  const of = <T extends Pick<TarEntry, 'path'>>(shape: { [key in keyof T]: fc.Arbitrary<T[key]> }) =>
    fc.tuple(fields, fc.record(shape)).map(([described, shaped]): TarEntry => ({ ...described, ...shaped }))
  const file = { path, content }
  return fc.oneof(
    { weight: 8, arbitrary: of(file) },
    { weight: 6, arbitrary: of({ path, type: fc.constant('directory') }) },
    { weight: 12, arbitrary: of({ path, link: link(outside) }) },
    { weight: 3, arbitrary: of({ path, type: fc.constant('hardlink'), link: hardlinked(outside) }) },
    { weight: 4, arbitrary: of({ path: whiteout }) },
    { weight: 1, arbitrary: of({ path, type: fc.constantFrom('fifo', 'character') }) },
    { weight: 1, arbitrary: of({ ...file, path: oddPath(outside) }) },
    { weight: 1, arbitrary: of({ ...file, raw }) },
    { weight: 1, arbitrary: of({ ...file, pax: pax(outside) }) },
  )
}

/** Layers that try to write outside of a target in this directory. */
export function hostileStacks(scratch: string): fc.Arbitrary<LayerStack> {
  const layer = fc.array(entry(`${scratch}/${outsideName}`), { minLength: 1, maxLength: 4 })
  return fc.array(layer, { minLength: 1, maxLength: 4 })
}
