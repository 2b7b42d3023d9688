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

/** Dates of images that are remembered from one run to the next. A digest always has the same date. */
export interface DateMemory {
  /** Whether nothing was remembered when it was opened. */
  isEmpty(): Promise<boolean>
  /** Null: the image has no date. Undefined: it is not known. */
  recall(digest: Digest): Promise<Date | null | undefined>
  remember(digest: Digest, date: Date | null): Promise<void>
}

/** When images were created, by their configs. Dates are remembered by digest: tags often name the same image. */
export class CreationDates {
  readonly #known = new Map<Digest, Promise<Date | undefined>>()
  #intent: Promise<'manifest' | 'compare'> | undefined

  constructor(
    private readonly source: Pick<Source, 'resolve' | 'fetcher'>,
    private readonly memory?: DateMemory | undefined,
  ) {}

  /**
   * The `created` of an image; of an index that of its first image. Undefined if the config has none, and for artifacts.
   * Throws what resolving and fetching throw.
   */
  async find(reference: Reference, signal?: AbortSignal): Promise<Date | undefined> {
    this.#intent ??= this.#chooseIntent()
    const { desc, content } = await this.source.resolve(reference, { intent: await this.#intent, signal })
    const known = this.#known.get(desc.digest)
    if (known !== undefined) return known
    const found = this.#recall(reference, desc, content, signal)
    this.#known.set(desc.digest, found)
    found.catch(() => this.#known.delete(desc.digest))
    return found
  }

  /** An image that is remembered costs a HEAD, one that is not a GET. */
  async #chooseIntent(): Promise<'manifest' | 'compare'> {
    return ((await this.memory?.isEmpty()) ?? true) ? 'manifest' : 'compare'
  }

  async #recall(
    reference: Reference,
    desc: Descriptor,
    content: Uint8Array | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Date | undefined> {
    const recalled = await this.memory?.recall(desc.digest)
    if (recalled !== undefined) return recalled ?? undefined
    const date = await this.#read(reference, desc, content, signal)
    await this.memory?.remember(desc.digest, date ?? null)
    return date
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
