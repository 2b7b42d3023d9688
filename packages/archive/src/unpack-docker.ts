import { type ContentStore, oneChunk } from '@dist/content'
import { hasCode } from '@dist/errdefs'
import { type Descriptor, type Digest, digestOf, malformed, mediaTypes } from '@dist/oci'
import type { Contents } from './contents.js'
import { compressionOf, readDiffs, verifyDiff } from './diffs.js'
import { type Listed, parseListed } from './docker-list.js'
import { shownEntry } from './entries.js'
import type { Intake, Taken } from './intake.js'
import { dockerFile } from './layout.js'
import { mergeRoots, type Root } from './roots.js'

/**
 * The images of a docker archive. The archive has no manifests, so an OCI manifest is made for each image, always the same
 * for the same files. Docker's schema 2 is not used, because it has no type for layers that are uncompressed, as most are
 * here, or compressed by zstd. Config and layers are kept byte for byte. The name of the config file is not used. Throws
 * `MALFORMED` for an invalid list.
 */
export class DockerImages {
  readonly listed: readonly Listed[]
  readonly #verified = new Set<string>()

  constructor(
    document: Uint8Array,
    private readonly contents: Contents,
    private readonly intake: Intake,
    private readonly content: ContentStore,
  ) {
    this.listed = parseListed(document)
  }

  /** All images, each manifest once. Throws as `rootOf`. */
  async roots(): Promise<Root[]> {
    const roots: Root[] = []
    for (const listed of this.listed) roots.push(await this.rootOf(listed))
    return mergeRoots(roots)
  }

  /** The digests of config and layers; undefined if the archive lacks one of them. */
  partsOf(listed: Listed): { config: Digest; layers: readonly Digest[] } | undefined {
    try {
      const config = fileAt(listed.config, this.contents).digest
      return { config, layers: listed.layers.map((path) => fileAt(path, this.contents).digest) }
    } catch (error) {
      if (hasCode(error, 'MALFORMED')) return undefined
      throw error
    }
  }

  /**
   * An image with a manifest that is made for it. Throws `MALFORMED` if the archive lacks a file of it,
   * `FAILED_PRECONDITION` for layers that differ from the `diff_ids` of the config.
   */
  async rootOf(listed: Listed): Promise<Root> {
    const config = fileAt(listed.config, this.contents)
    const layers = listed.layers.map((path) => fileAt(path, this.contents))
    await this.#verify(listed, config, layers)
    const desc = await this.#makeManifest(listed, config, layers)
    await this.intake.settle()
    return { desc, names: listed.names, selection: 'all' }
  }

  async #verify(listed: Listed, config: Taken, layers: readonly Taken[]): Promise<void> {
    const diffs = await readDiffs(shownEntry(listed.config), config, this.content)
    if (diffs.length !== layers.length)
      throw malformed(
        `${dockerFile}: ${shownEntry(listed.config)}`,
        `has ${layers.length} layers, expected ${diffs.length} by the diff_ids of its config`,
      )
    for (const [i, layer] of layers.entries()) {
      const diff = diffs[i] as Digest
      if (!this.#verified.has(`${layer.digest} ${diff}`))
        await verifyDiff(shownEntry(listed.layers[i] ?? ''), layer, diff, this.content)
      this.#verified.add(`${layer.digest} ${diff}`)
    }
  }

  async #makeManifest(listed: Listed, config: Taken, layers: readonly Taken[]): Promise<Descriptor> {
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
        layers: layers.map((layer) => ({
          mediaType: layerType(layer),
          digest: layer.digest,
          size: layer.size,
        })),
      }),
    )
    const digest = digestOf(manifest)
    await this.intake.take(`manifest of ${listed.config}`, manifest.byteLength, oneChunk(manifest), digest)
    return { mediaType: mediaTypes.ociManifest, digest, size: manifest.byteLength }
  }
}

/** docker links layers to those of other images, in few steps. */
const maxLinks = 8

function fileAt(path: string, { files, links }: Contents): Taken {
  let there = path.replace(/^(?:\.\/)+/, '')
  for (let hops = 0; hops < maxLinks; hops++) there = links.get(there) ?? there
  const file = files.get(there)
  if (file === undefined)
    throw malformed(dockerFile, `names ${shownEntry(path)}, which is not in the archive`)
  return file
}

function layerType(layer: Taken): string {
  const compression = compressionOf(layer)
  if (compression === 'gzip') return mediaTypes.ociLayerGzip
  return compression === 'zstd' ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer
}
