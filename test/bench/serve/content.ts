import type { FixtureImage } from '@dist/testkit/fixtures'
import { MiB, single, tiny } from '../workloads.js'

/** What can be asked for: paths below `/v2/<repository>`. */
export interface Served {
  readonly byTag: readonly string[]
  readonly byDigest: readonly string[]
  /** Of 10 KiB. */
  readonly tinyBlobs: readonly string[]
  /** Of 4 MiB. */
  readonly blobs: readonly string[]
  /** Of 64 MiB. */
  readonly largeBlobs: readonly string[]
}

/** The images of the benchmark: many tiny ones, one with layers of 4 MiB, and one with large layers. */
export function servedImages(quick: boolean): FixtureImage[] {
  return [
    ...tiny(quick ? 10 : 200),
    ...single('serve/4', 8, 4 * MiB),
    ...single('serve/64', quick ? 1 : 4, 64 * MiB),
  ]
}

/** What can be asked for of these images, which have the tags `t0`, `t1`, ... */
export function servedPaths(images: readonly FixtureImage[]): Served {
  const tiny = images.slice(0, -2)
  const [medium = [], large = []] = images.slice(-2).map(layerPaths)
  return {
    byTag: tiny.map((_, i) => `/manifests/t${i}`),
    byDigest: tiny.map(({ descriptor }) => `/manifests/${descriptor.digest}`),
    tinyBlobs: tiny.flatMap(layerPaths),
    blobs: medium,
    largeBlobs: large,
  }
}

/** The first blob of an image is its config. */
function layerPaths({ blobs }: FixtureImage): string[] {
  return blobs.slice(1).map(({ descriptor }) => `/blobs/${descriptor.digest}`)
}
