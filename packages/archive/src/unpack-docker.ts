import type { ContentStore } from '@dist/content'
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
 * The images of a docker archive. It has no manifests: each image gets an OCI manifest, which is the same whenever the
 * same files come again. OCI's, since Docker's schema 2 has no type for a layer that is not compressed, as most are
 * here, or by zstd. The config and the layers stay as they are, byte for byte; what the config's file is called says
 * nothing. Throws `MALFORMED` for a list that cannot be right.
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

  /** All of them, each manifest once. Throws what `rootOf` throws. */
  async roots(): Promise<Root[]> {
    const roots: Root[] = []
    for (const listed of this.listed) roots.push(await this.rootOf(listed))
    return mergeRoots(roots)
  }

  /** The digests of config and layers; undefined where the archive lacks one of them. */
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
   * An image under its manifest. Throws `MALFORMED` for one that lacks something, `FAILED_PRECONDITION` for layers that
   * are not those of the config's `diff_ids`.
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
        `has ${diffs.length} diff_ids for ${layers.length} layers`,
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
    await this.intake.take(`manifest of ${listed.config}`, manifest.byteLength, once(manifest), digest)
    return { mediaType: mediaTypes.ociManifest, digest, size: manifest.byteLength }
  }
}

/** docker links layers to those of other images: such links are short. */
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

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
