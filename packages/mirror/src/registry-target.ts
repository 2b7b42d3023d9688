import { has, type Image, type PublishedName, publishedAs } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import {
  formatReference,
  type Locator,
  objectOf,
  parseReference,
  publishedNames,
  type Reference,
} from '@dist/reference'
import type { Pusher, PusherSource, ReferrersSource } from '@dist/remotes'
import type { Attached } from './attached.js'
import { allPut, ManifestPutter } from './manifest-putter.js'
import type { MountSources } from './mount-sources.js'
import type { Target, TargetOf, TargetOptions } from './target.js'

export interface RegistryTargetOptions {
  /** The destination of an image. */
  destination: (reference: Reference) => Reference
  /** Check every part of an image there, even if its tag has the same digest already. Default: false. */
  check?: boolean | undefined
  /** Records which blobs its repositories have. Default: they are not recorded. */
  mountSources?: MountSources | undefined
}

/**
 * Repositories of registries as targets. A tag with the same digest proves that all of its image is there: a registry
 * takes a manifest only after the content that it names, and tags are put last.
 */
export function registryTarget(
  registry: PusherSource & Partial<ReferrersSource>,
  options: RegistryTargetOptions,
): TargetOf {
  return (reference) => new RepositoryTarget(registry, options.destination(reference), options)
}

class RepositoryTarget implements Target {
  readonly to: Locator
  readonly names: readonly string[]
  readonly stagesManifests = true
  readonly recordsReferrers = false
  readonly trustsPublishedName: boolean
  readonly #pusher: Pusher
  readonly #manifests: ManifestPutter
  readonly #mountSources: MountSources | undefined
  /** Blobs that the repository is known to have. */
  readonly #blobs = new Set<Digest>()

  constructor(
    private readonly registry: PusherSource & Partial<ReferrersSource>,
    destination: Reference,
    { check = false, mountSources }: RegistryTargetOptions,
  ) {
    const { host, repository } = destination
    this.to = { host, repository }
    this.names = publishedNames(destination)
    this.trustsPublishedName = !check
    this.#mountSources = mountSources
    this.#pusher = registry.pusher(this.to)
    this.#manifests = new ManifestPutter(this.#pusher)
  }

  get provider() {
    return this.#manifests.staged
  }

  get ingester() {
    return this.#manifests.staged
  }

  async missing(descs: readonly Descriptor[], options: TargetOptions = {}): Promise<readonly Descriptor[]> {
    const found = await Promise.all(descs.map((desc) => this.#has(desc, options)))
    return descs.filter((_, i) => !found[i])
  }

  missingManifests(
    manifests: readonly Descriptor[],
    _fetched: readonly Descriptor[],
    options: TargetOptions = {},
  ): Promise<readonly Descriptor[]> {
    return this.#manifests.missing(manifests, options)
  }

  async listsReferrers(
    subject: Digest,
    referrers: readonly Descriptor[],
    options: TargetOptions = {},
  ): Promise<boolean> {
    if (referrers.length === 0) return true
    const listed = (await this.registry.referrers?.(this.to, subject, options)) ?? []
    return referrers.every(({ digest }) => listed.some((each) => each.digest === digest))
  }

  /** A registry decides itself what it deletes, and refuses a manifest whose content is not there. */
  guard<T>(_objects: readonly Descriptor[], step: (isCollecting: boolean) => Promise<T>): Promise<T> {
    return step(false)
  }

  onBlobStored({ digest }: Descriptor): void {
    this.#blobs.add(digest)
  }

  forget(descs: readonly Descriptor[]): void {
    for (const { digest } of descs) this.#blobs.delete(digest)
    this.#manifests.forget(descs.map(({ digest }) => digest))
  }

  async published(name: string, options: TargetOptions = {}): Promise<PublishedName | undefined> {
    const desc = await this.#pusher.resolve(objectOf(parseReference(name)), options)
    return desc === undefined ? undefined : publishedAs({ name, desc, selection: 'all' })
  }

  /** Child manifests come first, then the root, what is attached to it, and the tag last (S16). */
  async publish(image: Image, { referrers, tags }: Attached, options: TargetOptions = {}): Promise<Image> {
    const { desc } = image
    const { tag } = parseReference(image.name)
    if (tag === undefined || referrers.length > 0 || tags.length > 0)
      await this.#manifests.putTree(desc, options)
    else await this.#manifests.putBelow(desc, options)
    await allPut([
      ...referrers.map((referrer) =>
        this.#putAttached(() => this.#manifests.putReferrer(referrer, options), options),
      ),
      ...tags.map((each) => this.#putAttached(() => this.#manifests.putTagged(each, options), options)),
    ])
    if (tag !== undefined) {
      await this.#manifests.put(desc, { ...options, tag })
      return image
    }
    // One platform alone has another digest than its reference.
    return { ...image, name: formatReference({ ...this.to, digest: desc.digest }) }
  }

  async #has(desc: Descriptor, options: TargetOptions): Promise<boolean> {
    if (hasChildren(desc.mediaType)) return has(this.provider, desc)
    if (this.#blobs.has(desc.digest)) return true
    if (!(await this.#pusher.has(desc, options))) return false
    this.#blobs.add(desc.digest)
    this.#mountSources?.add(this.to, desc.digest)
    return true
  }

  /** A registry that does not support such manifests gets the image without them. */
  async #putAttached(put: () => Promise<void>, options: TargetOptions): Promise<void> {
    try {
      await put()
    } catch (error) {
      if (!(error instanceof DistError) || error.code !== 'NOT_IMPLEMENTED') throw error
      options.onRemark?.(
        `what refers to it (signatures, SBOMs) is not supported by the registry, and is left out: ${error.message}`,
      )
    }
  }
}
