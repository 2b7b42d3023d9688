import { base256, paxRecords, type TarEntry } from '@dist/testkit/fixtures'
import fc from 'fast-check'
import type { LayerStack } from './layer-stacks.js'

/** The directory beside the target that no layer may touch. */
export const outsideName = 'outside'
/** What stands in it. */
export const secretName = 'secret'

const outside = (scratch: string) => `${scratch}/${outsideName}`

// Ways out, alone or behind each other: `a` leads to `b`, `b` leads out, `a/secret` is written.
const link = (scratch: string) =>
  fc.constantFrom(
    outside(scratch),
    `../${outsideName}`,
    `../../../../../../../..${outside(scratch)}`,
    `a/../../${outsideName}`,
    `b/../${outsideName}`,
    `${outside(scratch)}/${secretName}`,
    `../${outsideName}/${secretName}`,
    'a',
    'b',
    './c/',
    'a/b',
    '/a',
    '..',
    '../..',
    '/',
    '.',
    '/proc/self/root',
    '/proc/self/cwd',
    '/proc/self/fd',
    '',
  )

const odd: readonly (string | Uint8Array)[] = [
  '',
  '.',
  '..',
  '/',
  '//',
  'a//b',
  'a/./b',
  'a/../../outside/secret',
  'a\nb',
  'a\\..\\b',
  '\x1b[2J',
  'ａ',
  'n'.repeat(300),
  'd/'.repeat(2000),
  Buffer.from([0x61, 0xff, 0xfe]),
  Buffer.from('a\0b'),
  '.wh.',
  '.wh..',
  '.wh...',
  'a/.wh..',
  'a/.wh...',
  '.wh..wh.a',
  '.wh..wh..opq/x',
  '.wh.a/x',
]

const path = (scratch: string) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom('a', 'b', 'c', 'a/b', 'a/secret', 'b/secret', 'a/b/c', 'escape/secret'),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'kept/',
        'kept/file',
        'shared',
        'escape',
        'escape/new',
        'deep/escape/secret',
        'c/../a',
      ),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        `../${outsideName}/${secretName}`,
        `../${outsideName}/new`,
        `${outside(scratch)}/${secretName}`,
        `a/../../${outsideName}/${secretName}`,
        '../new',
      ),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'a/.wh.secret',
        'a/.wh..wh..opq',
        `../.wh.${outsideName}`,
        `.wh.escape`,
        'escape/.wh.secret',
        'escape/.wh..wh..opq',
        'deep/escape/.wh..wh..opq',
        '../.wh..wh..opq',
        '.wh..wh..opq',
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  )

const raw = fc.oneof(
  fc.constant({ size: base256(2n ** 62n, 12) }),
  fc.constant({ size: base256(-1, 12) }),
  fc.constant({ checksum: '000000\0 ' }),
  fc.constant({ flag: 'S' }),
  fc.constant({ flag: '7' }),
  fc.constant({ flag: 'Z' }),
  fc.constant({ flag: 'x' }),
  fc.constant({ flag: 'g' }),
  fc.constant({ flag: 'L' }),
  fc.constant({ flag: 'K' }),
  fc.constant({ prefix: '../outside' }),
  fc.constant({ mtime: 'notoctal' }),
  fc.constant({ mode: base256(2n ** 40n, 8) }),
)

const pax = (scratch: string) =>
  fc.constantFrom<NonNullable<TarEntry['pax']>>(
    { path: `../${outsideName}/${secretName}` },
    { path: `${outside(scratch)}/${secretName}` },
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

const entry = (scratch: string): fc.Arbitrary<TarEntry> =>
  fc
    .record({
      path: path(scratch),
      type: fc.constantFrom(
        'file',
        'file',
        'directory',
        'symlink',
        'symlink',
        'hardlink',
        'fifo',
        'character',
      ),
      link: link(scratch),
      content: fc.constantFrom('', 'overwritten', paxRecords({ path: '../new' })),
      mode: fc.constantFrom(0o644, 0o777, 0o4777, 0o0),
      uid: fc.constantFrom(0, 12_345),
      mtime: fc.integer({ min: 0, max: 10 ** 9 }),
      raw: fc.option(raw, { nil: {}, freq: 12 }),
      pax: fc.option(pax(scratch), { nil: {}, freq: 12 }),
    })
    .map(({ link, content, type, ...rest }) => ({
      ...rest,
      type,
      ...(type === 'symlink' || type === 'hardlink' ? { link } : {}),
      ...(type === 'file' ? { content } : {}),
    })) as fc.Arbitrary<TarEntry>

/** Layers that try everything to get out of a target in this directory. */
export function hostileStacks(scratch: string): fc.Arbitrary<LayerStack> {
  return fc.array(fc.array(entry(scratch), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 })
}
