import { createHash } from 'node:crypto'
import { type Descriptor, type Digest, digestOf, mediaTypes } from '@dist/oci'

/** The same for all images of a catalogue. */
export interface Shape {
  readonly layers: number
  /** Bytes of a layer. */
  readonly layerSize: number
}

export interface CatalogueContent {
  readonly descriptor: Descriptor
  /** The bytes, in their order. */
  readonly parts: readonly Uint8Array[]
}

export interface CatalogueImage {
  readonly manifest: CatalogueContent
  /** The config, then the layers. */
  readonly blobs: readonly CatalogueContent[]
}

/** Enough for the number of an image and of a layer. */
const tailSize = 32

/**
 * Any number of images that share nothing, made by a rule and not kept. A layer is the same random bytes with another end:
 * its digest costs one block. It is not an archive: mirroring does not read layers.
 */
export class Catalogue {
  readonly #noise: Buffer
  readonly #hash = createHash('sha256')

  constructor(private readonly shape: Shape) {
    this.#noise = noise(shape.layerSize - tailSize)
    this.#hash.update(this.#noise)
  }

  image(index: number): CatalogueImage {
    const layers = Array.from({ length: this.shape.layers }, (_, i) => this.#layer(index, i))
    const config = contentOf(mediaTypes.ociConfig, {
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { image: String(index) } },
      rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
    })
    const manifest = contentOf(mediaTypes.ociManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
    })
    return { manifest, blobs: [config, ...layers] }
  }

  #layer(image: number, index: number): CatalogueContent {
    const tail = Buffer.from(`${image}/${index}`.padStart(tailSize))
    const digest = `sha256:${this.#hash.copy().update(tail).digest('hex')}` as Digest
    const size = this.#noise.byteLength + tail.byteLength
    return { descriptor: { mediaType: mediaTypes.ociLayer, digest, size }, parts: [this.#noise, tail] }
  }
}

/** The image that a tag names: `t7` is number 7, and all `same7` are number 0. */
export function imageOfTag(tag: string): number | undefined {
  const match = /^(t|same)(\d+)$/.exec(tag)
  if (match === null) return undefined
  return match[1] === 'same' ? 0 : Number(match[2])
}

/** What makes it reproducible: xorshift32 of a fixed seed. */
function noise(size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = 0x9e3779b9
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return Buffer.from(words.buffer).subarray(0, size)
}

function contentOf(mediaType: string, document: object): CatalogueContent {
  const bytes = Buffer.from(JSON.stringify(document))
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, parts: [bytes] }
}
