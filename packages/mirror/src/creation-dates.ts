import { gather } from '@dist/content'
import { DistError } from '@dist/errdefs'
import {
  algorithmOf,
  type Descriptor,
  type Digest,
  digestOf,
  hasChildren,
  isManifestType,
  isRecord,
  isUnknownPlatform,
  maxManifestSize,
  parseDocument,
  parseManifest,
} from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { Source } from './source.js'

/** When images were created, by their configs. Dates are remembered by digest: tags often name the same image. */
export class CreationDates {
  readonly #known = new Map<Digest, Promise<Date | undefined>>()

  constructor(private readonly source: Pick<Source, 'resolve' | 'fetcher'>) {}

  /**
   * The `created` of an image; of an index that of its first image. Undefined if the config has none, and for artifacts.
   * Throws what resolving and fetching throw.
   */
  async find(reference: Reference, signal?: AbortSignal): Promise<Date | undefined> {
    const { desc, content } = await this.source.resolve(reference, { intent: 'manifest', signal })
    const known = this.#known.get(desc.digest)
    if (known !== undefined) return known
    const found = this.#read(reference, desc, content, signal)
    this.#known.set(desc.digest, found)
    found.catch(() => this.#known.delete(desc.digest))
    return found
  }

  async #read(
    reference: Reference,
    desc: Descriptor,
    resolved: Uint8Array | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Date | undefined> {
    const what = `${formatReference(reference)}: ${desc.digest}`
    if (!hasChildren(desc.mediaType)) return undefined
    const content = resolved ?? (await this.#fetch(reference, desc, signal))
    const manifest = parseManifest(content, desc.mediaType, what)
    if (manifest.kind === 'index') {
      const image = manifest.manifests.find(isImage)
      return image === undefined ? undefined : this.#read(reference, image, undefined, signal)
    }
    if (manifest.config === undefined) return undefined
    const config = parseConfig(await this.#fetch(reference, manifest.config, signal), what)
    return typeof config.created === 'string' ? new Date(config.created) : undefined
  }

  async #fetch(reference: Reference, desc: Descriptor, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { body } = await this.source.fetcher(reference).fetch(desc, { signal })
    const content = await gather(body, maxManifestSize, desc.digest)
    if (digestOf(content, algorithmOf(desc.digest)) === desc.digest) return content
    throw new DistError(
      'FAILED_PRECONDITION',
      `${formatReference(reference)}: ${desc.digest} does not verify (${reference.host})`,
    )
  }
}

/** Whether an entry of an index is an image: attestations have no date. */
function isImage({ mediaType, platform }: Descriptor): boolean {
  return isManifestType(mediaType) && !(platform !== undefined && isUnknownPlatform(platform))
}

/** The config of an artifact can be anything. */
function parseConfig(content: Uint8Array, what: string): Record<string, unknown> {
  try {
    const document = parseDocument(content, what)
    return isRecord(document) ? document : {}
  } catch (error) {
    if (error instanceof DistError) return {}
    throw error
  }
}
