import { DistError } from '@dist/errdefs'
import type { Descriptor, Digest } from '@dist/oci'
import {
  cosignTagsOf,
  formatReference,
  type Locator,
  objectOf,
  parseReference,
  type Reference,
} from '@dist/reference'
import {
  type CosignTag,
  cosignKindsOf,
  type Fetched,
  type FetchOptions,
  type ReferrersOptions,
  type Resolved,
  type ResolveOptions,
  type Resolver,
  withArtifactTypes,
} from '@dist/remotes'
import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import { type Fault, soundly } from './faults.js'
import { Gate } from './gate.js'

interface Named {
  readonly digest: string
}

interface Resolution {
  readonly reference: string
  readonly intent: ResolveOptions['intent']
}

/** A registry in memory. It records all requests, and fails as scripted. */
export class ScriptedRemote implements Resolver {
  readonly resolutions: Resolution[] = []
  /** The digest of every request for content, in order. */
  readonly fetches: Digest[] = []
  /** The offset of every request for content, in order. */
  readonly offsets: number[] = []
  /** The subject of every request for referrers. */
  readonly subjects: Digest[] = []
  /** The digests of every request for tags of cosign. */
  readonly cosignSubjects: (readonly Digest[])[] = []
  /** The error that is reported for requests for referrers. */
  untold: Error | undefined
  readonly #referrers = new Map<string, Descriptor[]>()
  readonly #content = new Map<string, Uint8Array>()
  readonly #tags = new Map<string, Descriptor>()
  readonly #faults = new Map<string, Fault[]>()

  /** Adds an image, with everything below it, under a reference. */
  push(image: FixtureImage, text: string): void {
    for (const { descriptor, open } of allContent(image))
      this.#content.set(descriptor.digest, Buffer.concat([...open()]))
    const { mediaType, digest, size } = image.descriptor
    const { tag: _, ...repository } = parseReference(text)
    this.#tags.set(text, { mediaType, digest, size })
    this.#tags.set(formatReference({ ...repository, digest }), { mediaType, digest, size })
  }

  /** Adds a referrer to the list of a digest. */
  refer(subject: Named, ...referrers: Descriptor[]): void {
    this.#referrers.set(subject.digest, [...(this.#referrers.get(subject.digest) ?? []), ...referrers])
  }

  async referrers(
    _locator: unknown,
    digest: Digest,
    { artifactTypes, onUnknown }: ReferrersOptions = {},
  ): Promise<readonly Descriptor[]> {
    this.subjects.push(digest)
    if (this.untold !== undefined) onUnknown?.(this.untold, { unlisted: true })
    return withArtifactTypes(this.#referrers.get(digest) ?? [], artifactTypes)
  }

  async cosignTags(
    { host, repository }: Locator,
    subjects: readonly Digest[],
    { artifactTypes }: ReferrersOptions = {},
  ): Promise<readonly CosignTag[]> {
    this.cosignSubjects.push(subjects)
    return subjects.flatMap((subject) =>
      cosignTagsOf(subject, cosignKindsOf(artifactTypes)).flatMap((tag) => {
        const desc = this.#tags.get(formatReference({ host, repository, tag }))
        return desc === undefined ? [] : [{ tag, subject, desc }]
      }),
    )
  }

  /** Removes content, as if it had never been pushed. */
  forget(digest: string): void {
    this.#content.delete(digest)
  }

  /** The next requests for this content get these answers, one after the other; then correct ones. */
  script({ digest }: Named, ...faults: Fault[]): void {
    this.#faults.set(digest, [...(this.#faults.get(digest) ?? []), ...faults])
  }

  /** Blocks the next request for this content. */
  hold(desc: Named): Gate {
    const gate = new Gate()
    this.script(desc, gate.fault)
    return gate
  }

  /** The number of requests for this content. */
  fetchesOf({ digest }: Named): number {
    return this.fetches.filter((fetched) => fetched === digest).length
  }

  async resolve(reference: Reference, { intent, signal }: ResolveOptions = {}): Promise<Resolved> {
    signal?.throwIfAborted()
    this.resolutions.push({ reference: formatReference(reference), intent })
    const { tag: _, digest: __, ...repository } = reference
    const object = objectOf(reference)
    const wanted = object.includes(':') ? { digest: object as Digest } : { tag: object }
    const desc = this.#tags.get(formatReference({ ...repository, ...wanted }))
    if (desc === undefined) throw new DistError('NOT_FOUND', `${formatReference(reference)} is unknown`)
    const content = intent === 'manifest' ? this.#content.get(desc.digest) : undefined
    return { name: reference, desc, content }
  }

  fetcher() {
    const fetchObject = () => Promise.reject(new DistError('NOT_IMPLEMENTED', 'objects by name'))
    return { fetch: (desc: Descriptor, options?: FetchOptions) => this.#fetch(desc, options), fetchObject }
  }

  async #fetch(desc: Descriptor, { offset = 0, signal }: FetchOptions = {}): Promise<Fetched> {
    signal?.throwIfAborted()
    this.fetches.push(desc.digest)
    this.offsets.push(offset)
    const content = this.#content.get(desc.digest)
    if (content === undefined) throw new DistError('NOT_FOUND', `${desc.digest} is unknown`)
    const request = { desc, content, offset, signal }
    const fault = this.#faults.get(desc.digest)?.shift()
    return fault === undefined ? soundly(request) : fault(request)
  }
}
