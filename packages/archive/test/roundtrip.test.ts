import { formatPlatform, parsePlatform } from '@dist/oci'
import {
  allContent,
  dockerImage,
  type FixtureImage,
  imageIndex,
  ociImage,
  tarLayer,
} from '@dist/testkit/fixtures'
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  record,
  uniqueArray,
} from 'fast-check'
import { expect, it } from 'vitest'
import { importArchive, planArchive, writeArchive } from '../src/index.js'
import { bytesOf, TestStore, toAsync } from './support/store.js'

const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'windows/amd64']

const layer = record({ seed: integer({ min: 0, max: 6 }), packed: boolean() }).map(({ seed, packed }) =>
  tarLayer([{ path: `f${seed}`, content: 'x'.repeat(seed * 700) }], {
    compression: packed ? 'gzip' : 'none',
  }),
)
const single = (platform: string): Arbitrary<FixtureImage> =>
  record({ layers: array(layer, { maxLength: 4 }), docker: boolean() }).map(({ layers, docker }) =>
    (docker ? dockerImage : ociImage)({ layers, platform: parsePlatform(platform) }),
  )

interface Stored {
  readonly image: FixtureImage
  /** The selected platforms; undefined for all. */
  readonly selected: readonly string[] | undefined
}

const index: Arbitrary<Stored> = record({
  chosen: uniqueArray(constantFrom(...platforms), { minLength: 1 }),
  children: record(Object.fromEntries(platforms.map((platform) => [platform, single(platform)]))),
  nested: boolean(),
  some: boolean(),
}).map(({ chosen, children, nested, some }) => {
  const flat = imageIndex(chosen.flatMap((platform) => children[platform] ?? []))
  const selected = some ? chosen.slice(0, 1) : undefined
  return { image: nested ? imageIndex([flat]) : flat, selected }
})

const stored: Arbitrary<Stored[]> = array(
  constantFrom(true, false).chain(
    (isIndex): Arbitrary<Stored> =>
      isIndex ? index : single('linux/amd64').map((image) => ({ image, selected: undefined })),
  ),
  { minLength: 1, maxLength: 4 },
)

/** The content that a pull of these platforms keeps. */
function contentOf({ image, selected }: Stored) {
  const isKept = (each: FixtureImage): boolean => {
    const { platform } = each.descriptor
    return platform === undefined || selected === undefined || selected.includes(formatPlatform(platform))
  }
  const kept = (each: FixtureImage): FixtureImage => ({
    ...each,
    children: each.children.filter(isKept).map(kept),
  })
  return allContent(kept(image))
}

async function archiveOf(store: TestStore): Promise<Buffer> {
  const plan = await planArchive(await store.images(), store.content)
  return bytesOf(writeArchive(plan, store.content))
}

it('an empty store gets the same names and bytes from an archive, and exports the same archive', async () => {
  await assert(
    asyncProperty(stored, async (images) => {
      const [from, to] = [new TestStore(), new TestStore()]
      for (const [i, each] of images.entries()) {
        const selection = each.selected ?? 'all'
        await from.add(`registry.example.com/app:${i}`, each.image, { selection, content: contentOf(each) })
      }
      const archive = await archiveOf(from)
      await importArchive(toAsync([archive]), to)
      expect(await to.images()).toEqual(await from.images())
      expect(await to.digests()).toEqual(await from.digests())
      expect((await archiveOf(to)).equals(archive)).toBe(true)
    }),
    { numRuns: 60 },
  )
}, 30_000)
