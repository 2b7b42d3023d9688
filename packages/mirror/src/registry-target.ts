import { createStore, type Image, MemoryDriver, readContent } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import { childrenHandler, skipDesc } from '@dist/images'
import { type Descriptor, type Digest, hasChildren, maxManifestSize } from '@dist/oci'
import {
  formatReference,
  type Locator,
  parseReference,
  publishedNames,
  type Reference,
} from '@dist/reference'
import type { Pusher, PusherSource } from '@dist/remotes'
import { has } from './store-target.js'
import type { Target, TargetOf } from './target.js'

export interface RegistryTargetOptions {
  /** Where an image goes. */
  destination: (reference: Reference) => Reference
  /** Look at every part of an image there, also where its tag means the same digest already. Default: false. */
  check?: boolean
}

/**
 * Repositories of registries, as a target. A tag that means the same digest vouches for all below it: registries take
 * no manifest before what it names, and tags are put last.
 */
export function registryTarget(registry: PusherSource, options: RegistryTargetOptions): TargetOf {
  return (reference) => new RepositoryTarget(registry, options.destination(reference), options.check !== true)
}

/**
 * Where an image goes below a prefix of another registry: `quay.io/team/app:1` below `registry.test/mirror` is
 * `registry.test/mirror/team/app:1`. `INVALID_ARGUMENT` for what would be no reference.
 */
export function destinationOf(reference: Reference, prefix: Locator): Reference {
  const repository =
    prefix.repository === '' ? reference.repository : `${prefix.repository}/${reference.repository}`
  return parseReference(formatReference({ ...reference, host: prefix.host, repository }))
}

class RepositoryTarget implements Target {
  readonly to: Locator
  readonly names: readonly string[]
  // Manifests wait here until all that they name is in the repository.
  readonly provider = createStore(new MemoryDriver())
  readonly ingester = this.provider
  readonly #pusher: Pusher
  readonly #there = new Set<Digest>()
  readonly #put = new Map<Digest, Promise<void>>()

  constructor(
    registry: PusherSource,
    destination: Reference,
    readonly vouches: boolean,
  ) {
    const { host, repository } = destination
    this.to = { host, repository }
    this.names = publishedNames(destination)
    this.#pusher = registry.pusher(this.to)
  }

  async missing(descs: readonly Descriptor[]): Promise<Descriptor[]> {
    const there = await Promise.all(descs.map((desc) => this.#has(desc)))
    return descs.filter((_, i) => !there[i])
  }

  landed({ digest }: Descriptor): void {
    this.#there.add(digest)
  }

  async published(name: string): Promise<Image | undefined> {
    const { tag, digest } = parseReference(name)
    const desc = await this.#pusher.resolve(digest ?? tag ?? '')
    return desc === undefined ? undefined : { name, desc, selection: 'all' }
  }

  /** Blobs are there; child manifests come first, then the root, its referrers, and the tag last (S16). */
  async publish(image: Image, referrers: readonly Descriptor[]): Promise<Image> {
    const { tag } = parseReference(image.name)
    if (tag === undefined || referrers.length > 0) await this.#putTree(image.desc)
    else await this.#putChildren(image.desc)
    await Promise.all(referrers.map((desc) => this.#putTree(desc)))
    if (tag !== undefined) await this.#pusher.put(image.desc, await this.#document(image.desc), { tag })
    return image
  }

  async #has(desc: Descriptor): Promise<boolean> {
    if (this.#there.has(desc.digest)) return true
    const there = hasChildren(desc.mediaType) ? await has(this.provider, desc) : await this.#pusher.has(desc)
    if (there) this.#there.add(desc.digest)
    return there
  }

  /** A manifest and all below it, each once and after what it names. */
  #putTree(desc: Descriptor): Promise<void> {
    const putting = this.#put.get(desc.digest) ?? this.#putFresh(desc)
    this.#put.set(desc.digest, putting)
    return putting
  }

  async #putFresh(desc: Descriptor): Promise<void> {
    await this.#putChildren(desc)
    await this.#pusher.put(desc, await this.#document(desc))
  }

  async #putChildren(desc: Descriptor): Promise<void> {
    const children = await childrenHandler(this.provider)(desc, {})
    if (children === skipDesc) return
    const manifests = children.filter(({ mediaType }) => hasChildren(mediaType))
    // What the selection leaves out was not read, and is not there.
    const staged = await Promise.all(manifests.map((child) => has(this.provider, child)))
    await Promise.all(manifests.filter((_, i) => staged[i]).map((child) => this.#putTree(child)))
  }

  async #document(desc: Descriptor): Promise<Uint8Array> {
    try {
      return await readContent(this.provider, desc, maxManifestSize)
    } catch (error) {
      if (!isNotFound(error)) throw error
      throw new DistError('INTERNAL', `manifest ${desc.digest} was planned without being read`, {
        cause: error,
      })
    }
  }
}
