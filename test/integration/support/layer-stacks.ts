import type { TarEntry, TarType } from '@dist/testkit/fixtures'
import fc from 'fast-check'

/** The entries of each layer, lowest first. */
export type LayerStack = readonly (readonly TarEntry[])[]

// Few names, so that most entries meet an existing one: of another type, of another layer, or their parent.
const name = fc.constantFrom('a', 'b', 'c', '-ü \n', `long-${'n'.repeat(110)}`)
const names = fc.array(name, { minLength: 1, maxLength: 3 })
const path = names.map((parts) => parts.join('/'))
const above = fc.constantFrom('', './', '../', '../../', '/', '/../', './/')

/** For tests of many stacks, in milliseconds: the time to shrink a failing stack, and the time-out of the test. */
export const searchTime = 150_000
export const testTime = 200_000

const opaqueName = '.wh..wh..opq'

const described = fc
  .record({
    mode: fc.constantFrom(0o644, 0o755, 0o4755, 0o2711, 0o1777, 0o600),
    uid: fc.constantFrom(0, 0, 1, 1000, 3_000_000),
    gid: fc.constantFrom(0, 0, 5, 65_534),
    mtime: fc.integer({ min: 0, max: 10 ** 9 }),
    long: fc.constantFrom('pax', 'gnu'),
    // Not below a microsecond: a double does not hold that.
    fraction: fc.constantFrom('', '', '.5', '.123456'),
  })
  .map(({ fraction, ...fields }) => ({
    ...fields,
    ...(fraction === '' ? {} : { pax: { mtime: `${fields.mtime}${fraction}` } }),
  }))

const typed = <T>(type: TarType, more: fc.Arbitrary<T>) =>
  fc.tuple(described, path, more).map(([fields, at, rest]) => ({ ...fields, type, path: at, ...rest }))

const nothing = fc.constant({})
const file = typed(
  'file',
  fc.record({ content: fc.constantFrom('', 'x', 'yy', 'z'.repeat(700), 'w'.repeat(100_000)) }),
)
const directory = typed('directory', nothing).map((entry) => ({ ...entry, path: `${entry.path}/` }))
const root = described.map((fields) => ({ ...fields, type: 'directory' as const, path: './' }))
const symlink = typed('symlink', fc.record({ link: linkTarget() }))
const device = typed('character', fc.record({ major: fc.constant(1), minor: fc.constantFrom(3, 300) }))
const blockDevice = typed('block', fc.constant({ major: 300, minor: 1 }))
const whiteout = fc.tuple(path, described).map(([at, fields]) => ({ ...fields, path: whiteoutOf(at) }))
const opaque = fc.tuple(fc.oneof(path, fc.constant('.')), described).map(([at, fields]) => ({
  ...fields,
  path: `${at}/${opaqueName}`,
}))
/** `pick` selects the target among the existing names later. */
const hardlink = typed('hardlink', fc.record({ link: path, pick: fc.nat() }))

function linkTarget(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.tuple(above, path).map(([prefix, at]) => `${prefix}${at}`),
    fc.constantFrom('.', '..', '/', 'missing', '/missing/x'),
  )
}

type Draft = TarEntry & { readonly path: string; readonly pick?: number | undefined }

const draft: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 6, arbitrary: file },
  { weight: 6, arbitrary: directory },
  { weight: 1, arbitrary: root },
  { weight: 4, arbitrary: symlink },
  { weight: 3, arbitrary: hardlink },
  { weight: 3, arbitrary: whiteout },
  { weight: 2, arbitrary: opaque },
  { weight: 1, arbitrary: typed('fifo', nothing) },
  { weight: 1, arbitrary: device },
  { weight: 1, arbitrary: blockDevice },
)

interface Prefixed {
  readonly draft: Draft
  readonly prefix: string
  /** Used unchanged, valid or not. */
  readonly careless: boolean
}

const prefixed: fc.Arbitrary<Prefixed> = fc.record({
  draft,
  prefix: fc.constantFrom('', '', './', '/'),
  careless: fc.nat(29).map((n) => n === 0),
})

const layer = fc.array(prefixed, { minLength: 1, maxLength: 8 })

/**
 * Stacks of two to five layers. Most invalid entries are repaired: an entry below a file is left out, and a hard link
 * gets an existing target.
 */
export const layerStacks: fc.Arbitrary<LayerStack> = fc
  .array(layer, { minLength: 2, maxLength: 5 })
  .map((layers) => {
    const types = new Map<string, string>()
    return layers.map((entries) => entries.flatMap((each) => mended(each, types)))
  })

function mended({ draft, prefix, careless }: Prefixed, types: Map<string, string>): TarEntry[] {
  const { pick, ...entry } = draft
  const at = draft.path.replace(/\/$/, '')
  if (!careless && parentsOf(at).some((parent) => isLeaf(types.get(parent)))) return []
  const linkable = [...types].filter(([path, type]) => type !== 'directory' && path !== at)
  const link = pick === undefined || careless ? entry.link : linkable[pick % linkable.length]?.[0]
  if (pick !== undefined && link === undefined) return []
  record(draft, at, types)
  const linked = link === undefined ? {} : { link: pick === undefined ? link : `${prefix}${link}` }
  return [{ ...entry, path: `${prefix}${entry.path}`, ...linked }]
}

/** Updates the existing names, as far as possible without following links. */
function record({ type, path }: Draft, at: string, types: Map<string, string>): void {
  const gone = path.endsWith(opaqueName) ? at.slice(0, -opaqueName.length) : `${at.replace('.wh.', '')}/`
  for (const other of [...types.keys()])
    if (type !== 'directory' && (`${other}/` === gone || other.startsWith(gone))) types.delete(other)
  if (type === undefined) return
  for (const parent of parentsOf(at)) if (!types.has(parent)) types.set(parent, 'directory')
  types.set(at, type)
}

function isLeaf(type: string | undefined): boolean {
  return type !== undefined && type !== 'directory' && type !== 'symlink'
}

function parentsOf(at: string): string[] {
  const parts = at.split('/')
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'))
}

function whiteoutOf(at: string): string {
  return at.replace(/[^/]*$/, '.wh.$&')
}
