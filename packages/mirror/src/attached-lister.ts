import { DistError } from '@dist/errdefs'
import type { Descriptor, Digest } from '@dist/oci'
import { formatReference, type Reference } from '@dist/reference'
import type { CosignTag, ReferrersOptions as SourceOptions } from '@dist/remotes'
import type { Attached } from './attached.js'
import { type ReferrersRequest, wantedTypes } from './referrers-request.js'
import type { Source } from './source.js'

export interface ReferrersOptions {
  /**
   * Also take what is attached to the image, if the source lists it: manifests that refer to it, and cosign's tags. Default:
   * none.
   */
  referrers?: ReferrersRequest | undefined
  /** Called with what could not be found out, one line each. It does not fail the image. */
  onRemark?: ((remark: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/** As many as one manifest may name. */
const maxReferrers = 10_000

const leftOut = 'what refers to it (signatures, SBOMs) is not known, and is left out'

/** Asks a source what is attached to an image, and collects why some of it is not known. */
export class AttachedLister {
  readonly #unknown: { error: Error; unlisted: boolean }[] = []
  readonly #found = new Set<Digest>()

  constructor(
    private readonly reference: Reference,
    private readonly source: Source,
    private readonly options: ReferrersOptions,
  ) {}

  /** Whether anything that is attached is wanted. */
  get isWanted(): boolean {
    return wantedTypes(this.options.referrers) !== undefined
  }

  /** What is attached to one manifest. */
  async attachedTo({ digest }: Descriptor): Promise<Attached> {
    const [referrers, tags] = await Promise.all([this.referrers(digest), this.cosignTags([digest])])
    return { referrers, tags }
  }

  /**
   * The manifests that refer to a subject. None if they are not wanted or the source lists none. Throws `MALFORMED` for
   * more referrers than an image may have.
   */
  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    const options = this.#sourceOptions()
    if (options === undefined || this.source.referrers === undefined) return []
    const found = await this.source.referrers(this.reference, subject, options)
    for (const { digest } of found) this.#found.add(digest)
    if (this.#found.size > maxReferrers) {
      const name = formatReference(this.reference)
      throw new DistError('MALFORMED', `${name}: more than ${maxReferrers} manifests refer to it`)
    }
    return found
  }

  /** The tags of cosign for these digests. None if referrers are not wanted or the source has none. */
  async cosignTags(subjects: readonly Digest[]): Promise<readonly CosignTag[]> {
    const options = this.#sourceOptions()
    if (options === undefined || this.source.cosignTags === undefined) return []
    return this.source.cosignTags(this.reference, subjects, options)
  }

  /** Why not all that is attached is known. Undefined if it is. */
  get unknown(): Error | undefined {
    // A source that lists some referrers keeps lists: a subject without a list has no referrers.
    const isListed = this.#found.size > 0
    return this.#unknown.find(({ unlisted }) => !unlisted || !isListed)?.error
  }

  /** Reports what is not known: one remark, however many manifests it concerns. */
  report(): void {
    const { unknown } = this
    if (unknown !== undefined) this.options.onRemark?.(`${leftOut}: ${unknown.message}`)
  }

  #sourceOptions(): SourceOptions | undefined {
    const types = wantedTypes(this.options.referrers)
    if (types === undefined) return undefined
    return {
      ...(types === 'all' ? {} : { artifactTypes: types }),
      signal: this.options.signal,
      onUnknown: (error, about) => this.#unknown.push({ error, ...about }),
    }
  }
}
