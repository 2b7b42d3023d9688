import { type FixtureImage, imageIndex, ociImage, pushImage, seededLayer } from '@dist/testkit/fixtures'

export interface Workload {
  readonly id: string
  readonly title: string
  /** The largest ratio to the best peer's wall time that we accept. */
  readonly goal: number
  /** How often it is run by default; short ones need more to tell. */
  readonly runs: number
  /** Every platform of an index is copied. */
  readonly allPlatforms?: boolean | undefined
  /** The images of the one repository, made one by one: none of them is kept. */
  images(): Iterable<FixtureImage>
}

export const KiB = 1024
export const MiB = 1024 * KiB

export const workloads: readonly Workload[] = [
  { id: 'W1', title: 'one 1 GiB layer', goal: 0.9, runs: 5, images: () => single('w1', 1, 1024 * MiB) },
  { id: 'W2', title: '8 x 64 MiB', goal: 1.2, runs: 5, images: () => single('w2', 8, 64 * MiB) },
  { id: 'W3', title: '60 x 1 MiB', goal: 1.8, runs: 7, images: () => single('w3', 60, MiB) },
  { id: 'W4', title: '50 images, 3 of 5 layers of 4 MiB shared', goal: 1.0, runs: 5, images: sharing },
  { id: 'W5', title: '500 images of one 10 KiB layer', goal: 0.75, runs: 5, images: () => tiny(500) },
  {
    id: 'W6',
    title: 'index of 6 platforms x 4 x 8 MiB',
    goal: 1.8,
    runs: 7,
    allPlatforms: true,
    images: sixPlatforms,
  },
]

/** The name of all images; their tags are `t0`, `t1`, ... */
export const repository = 'bench/image'

export interface Pushed {
  readonly tags: readonly string[]
  /** The size of all content by digest. */
  readonly contents: ReadonlyMap<string, number>
}

export async function pushWorkload(registryUrl: string, workload: Pick<Workload, 'images'>): Promise<Pushed> {
  const tags: string[] = []
  const contents = new Map<string, number>()
  for (const image of workload.images()) {
    const tag = `t${tags.length}`
    await pushImage(registryUrl, repository, tag, image)
    for (const { digest, size } of descriptors(image)) contents.set(digest, size)
    tags.push(tag)
  }
  return { tags, contents }
}

function descriptors(image: FixtureImage): readonly { digest: string; size: number }[] {
  const below = image.children.flatMap((child) => descriptors(child))
  return [image.descriptor, ...image.blobs.map((blob) => blob.descriptor), ...below]
}

// Together with the archive's and gzip's own bytes the blob comes close to the size that is asked for.
const archiveOverhead = 2 * KiB

export function layers(seed: string, count: number, size: number) {
  return Array.from({ length: count }, (_, i) => seededLayer(`${seed}/${i}`, size - archiveOverhead))
}

/** One image of so many layers of about one size. */
export function single(seed: string, count: number, size: number): FixtureImage[] {
  return [ociImage({ layers: layers(seed, count, size) })]
}

function* sharing(): Generator<FixtureImage> {
  const shared = layers('w4', 3, 4 * MiB)
  for (let i = 0; i < 50; i++) yield ociImage({ layers: [...shared, ...layers(`w4/${i}`, 2, 4 * MiB)] })
}

/** Images of one layer of 10 KiB that share nothing. */
export function* tiny(count: number): Generator<FixtureImage> {
  for (let i = 0; i < count; i++) yield ociImage({ layers: layers(`w5/${i}`, 1, 10 * KiB) })
}

function sixPlatforms(): FixtureImage[] {
  const architectures = ['amd64', 'arm64', '386', 'ppc64le', 's390x', 'riscv64']
  const images = architectures.map((architecture) =>
    ociImage({ layers: layers(`w6/${architecture}`, 4, 8 * MiB), platform: { os: 'linux', architecture } }),
  )
  return [imageIndex(images)]
}
