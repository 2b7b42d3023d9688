import { type Descriptor, digestOf, mediaTypes, parsePlatform } from '@dist/oci'
import {
  type FixtureBlob,
  type FixtureImage,
  fixtureBlob,
  imageIndex,
  ociImage,
  seededLayer,
} from '@dist/testkit/fixtures'

/** An image of one layer for each seed, for a platform. */
export function imageOf(seeds: readonly string[], platform = 'linux/amd64'): FixtureImage {
  return ociImage({ layers: seeds.map((seed) => seededLayer(seed, 2000)), platform: parsePlatform(platform) })
}

/** An index of linux/amd64 (layers base, x) and linux/arm64 (layers base, y). */
export function twoPlatforms() {
  const amd64 = imageOf(['base', 'x'], 'linux/amd64')
  const arm64 = imageOf(['base', 'y'], 'linux/arm64')
  return { index: imageIndex([amd64, arm64]), amd64, arm64 }
}

/** A document, unchanged, with the content that it names. */
export function documentImage(
  document: unknown,
  mediaType: string,
  blobs: readonly FixtureBlob[] = [],
  children: readonly FixtureImage[] = [],
): FixtureImage {
  const content = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document))
  const descriptor = { mediaType, digest: digestOf(content), size: content.byteLength }
  return { descriptor, content, blobs, children }
}

/** An OCI manifest with these layers and their descriptors. */
export function manifestOf(blobs: readonly FixtureBlob[]): FixtureImage {
  const config = fixtureBlob('{}', mediaTypes.ociConfig)
  const layers = blobs.map(({ descriptor }) => descriptor)
  const document = { schemaVersion: 2, config: config.descriptor, layers }
  return documentImage(document, mediaTypes.ociManifest, [config, ...blobs])
}

/** The same content under another descriptor. */
export function describedAs(blob: FixtureBlob, changes: Partial<Descriptor>): FixtureBlob {
  return { ...blob, descriptor: { ...blob.descriptor, ...changes } }
}

export const digestsOf = (descs: readonly Pick<Descriptor, 'digest'>[]): string[] =>
  descs.map(({ digest }) => digest).sort()

/** The n-th blob of an image: 0 is its config, then come the layers. */
export function blobAt(image: FixtureImage, n: number): Descriptor {
  const blob = image.blobs[n]
  if (blob === undefined) throw new Error(`the image has no blob ${n}`)
  return blob.descriptor
}
