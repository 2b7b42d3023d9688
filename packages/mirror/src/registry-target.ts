import { createStore, has, type Image, MemoryDriver, readContent } from '@dist/content'
import { DistError, hasCode, isNotFound } from '@dist/errdefs'
import { childrenHandler, skipDesc } from '@dist/images'
import { type Descriptor, type Digest, hasChildren, isIndexType, maxManifestSize } from '@dist/oci'
import {
  formatReference,
  type Locator,
  objectOf,
  parseReference,
  publishedNames,
  type Reference,
} from '@dist/reference'
import type { Pusher, PusherSource, PutOptions, ReferrersSource } from '@dist/remotes'
import type { MountSources } from './push.js'
import type { Target, TargetOf, TargetOptions } from './target.js'

export interface RegistryTargetOptions {
  /** Where an image goes. */
  destination: (reference: Reference) => Reference
  /** Look at every part of an image there, also where its tag means the same digest already. Default: false. */
  check?: boolean | undefined
  /** Is told which blobs are met there, for other repositories to take over. Default: nobody is. */
  mountSources?: MountSources | undefined
}

/**
 * Repositories of registries, as a target. A tag that means the same digest vouches for all below it: registries take
 * no manifest before what it names, and tags are put last.
 */
export function registryTarget(
  registry: PusherSource & Partial<ReferrersSource>,
  options: RegistryTargetOptions,
): TargetOf {
  return (reference) => new RepositoryTarget(registry, options.destination(reference), options)
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

/**
 * The name that an image has below that prefix: its tag, else the digest of what was sent, which is not the reference's
 * where one platform of an index goes alone.
 */
export function destinationName(reference: Reference, prefix: Locator, sent?: Digest): string {
  const { digest, ...tagged } = destinationOf(reference, prefix)
  const shown = sent ?? digest
  return formatReference(
    tagged.tag !== undefined || shown === undefined ? tagged : { ...tagged, digest: shown },
  )
}

class RepositoryTarget implements Target {
  readonly to: Locator
  readonly names: readonly string[]
  readonly trustsPublishedName: boolean
  // Manifests wait here until all that they name is in the repository.
  readonly provider = createStore(new MemoryDriver())
  readonly ingester = this.provider
  readonly #pusher: Pusher
  readonly #mountSources: MountSources | undefined
  readonly #there = new Set<Digest>()
  readonly #put = new Map<Digest, Promise<void>>()
  readonly #referring = new Map<Digest, Promise<void>>()
  /** By the digests of indexes: how many of their manifests the selection leaves out. */
  readonly #lacking = new Map<Digest, number>()

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
  }

  async missing(descs: readonly Descriptor[], options: TargetOptions = {}): Promise<Descriptor[]> {
    const there = await Promise.all(descs.map((desc) => this.#has(desc, options)))
    return descs.filter((_, i) => !there[i])
  }

  async pending(manifests: readonly Descriptor[], options: TargetOptions = {}): Promise<Descriptor[]> {
    const found = await Promise.all(manifests.map(({ digest }) => this.#pusher.resolve(digest, options)))
    for (const { digest } of found.filter((desc) => desc !== undefined))
      this.#put.set(digest, Promise.resolve())
    return manifests.filter(({ digest }) => !this.#put.has(digest))
  }

  async referrers(digest: Digest, options: TargetOptions = {}): Promise<readonly Descriptor[]> {
    return (await this.registry.referrers?.(this.to, digest, options)) ?? []
  }

  onBlobStored({ digest }: Descriptor): void {
    this.#there.add(digest)
  }

  forget(descs: readonly Descriptor[]): void {
    for (const { digest } of descs)
      for (const known of [this.#there, this.#put, this.#referring]) known.delete(digest)
  }

  async published(name: string, options: TargetOptions = {}): Promise<Image | undefined> {
    const desc = await this.#pusher.resolve(objectOf(parseReference(name)), options)
    return desc === undefined ? undefined : { name, desc, selection: 'all' }
  }

  /** Blobs are there; child manifests come first, then the root, its referrers, and the tag last (S16). */
  async publish(image: Image, referrers: readonly Descriptor[], options: TargetOptions = {}): Promise<Image> {
    const { desc } = image
    const { tag } = parseReference(image.name)
    if (tag === undefined || referrers.length > 0) await this.#putTree(desc, options)
    else await this.#putChildren(desc, options)
    await allPut(referrers.map((referrer) => this.#referTo(referrer, options)))
    if (tag !== undefined) await this.#send(desc, { ...options, tag })
    // Narrowed to one platform, an image has another digest than its reference.
    return tag === undefined
      ? { ...image, name: formatReference({ ...this.to, digest: desc.digest }) }
      : image
  }

  async #has(desc: Descriptor, options: TargetOptions): Promise<boolean> {
    if (this.#there.has(desc.digest)) return true
    if (hasChildren(desc.mediaType)) return has(this.provider, desc)
    if (!(await this.#pusher.has(desc, options))) return false
    this.#there.add(desc.digest)
    this.#mountSources?.add(this.to, desc.digest)
    return true
  }

  /** A manifest and all below it, each once and after what it names. */
  #putTree(desc: Descriptor, options: TargetOptions): Promise<void> {
    return once(this.#put, desc, async () => {
      await this.#putChildren(desc, options)
      await this.#send(desc, options)
    })
  }

  /** Registries that take no such manifest at all get the image without: nobody could make it otherwise there. */
  async #referTo(desc: Descriptor, options: TargetOptions): Promise<void> {
    try {
      await this.#refer(desc, options)
    } catch (error) {
      if (!(error instanceof DistError) || error.code !== 'NOT_IMPLEMENTED') throw error
      options.onRemark?.(
        `what refers to it (signatures, SBOMs) is not supported there, and is left behind: ${error.message}`,
      )
    }
  }

  /** As `#putTree`, but put also where it is already: the list of what refers to an image may not know it yet. */
  #refer(desc: Descriptor, options: TargetOptions): Promise<void> {
    return once(this.#referring, desc, async () => {
      await this.#putChildren(desc, options)
      await this.#send(desc, options)
    })
  }

  async #putChildren(desc: Descriptor, options: TargetOptions): Promise<void> {
    const children = await childrenHandler(this.provider)(desc, options)
    if (children === skipDesc) return
    const manifests = children.filter(({ mediaType }) => hasChildren(mediaType))
    // What the selection leaves out was not read, and is not there.
    const staged = await Promise.all(manifests.map((child) => has(this.provider, child)))
    const selected = manifests.filter((_, i) => staged[i])
    this.#lacking.set(desc.digest, manifests.length - selected.length)
    await allPut(selected.map((child) => this.#putTree(child, options)))
  }

  async #send(desc: Descriptor, options: PutOptions): Promise<void> {
    const document = await this.#document(desc)
    try {
      await this.#pusher.put(desc, document, options)
    } catch (error) {
      const lacking = this.#lacking.get(desc.digest) ?? 0
      if (lacking === 0 || !isIndexType(desc.mediaType) || !hasCode(error, ...refusals))
        throw await this.#refused(desc, error)
      const { code, message, lacks } = error as DistError
      throw new DistError(
        code,
        `${message}; it names ${lacking} more than are sent with it: most registries take an index whole, or one manifest alone`,
        { cause: error, lacks },
      )
    }
  }

  /** A registry that does not say what it lacks of a manifest may lack all of it. */
  async #refused(desc: Descriptor, error: unknown): Promise<unknown> {
    if (!(error instanceof DistError) || error.lacks?.length !== 0) return error
    const children = await childrenHandler(this.provider)(desc, {})
    const lacks = children === skipDesc ? [] : children.map(({ digest }) => digest)
    return new DistError(error.code, error.message, { cause: error, lacks })
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

/** What registries answer to an index that names what they do not have. */
const refusals = ['MALFORMED', 'NOT_FOUND'] as const

function once(done: Map<Digest, Promise<void>>, { digest }: Descriptor, work: () => Promise<void>) {
  const known = done.get(digest)
  if (known !== undefined) return known
  const begun = work()
  done.set(digest, begun)
  // What has failed may be put after all, once it has all that it names.
  begun.catch(() => {
    if (done.get(digest) === begun) done.delete(digest)
  })
  return begun
}

/** Waits for all. Where each that failed did so for what the registry lacks, the error tells of all that it lacks. */
async function allPut(puts: readonly Promise<void>[]): Promise<void> {
  const errors = (await Promise.allSettled(puts)).flatMap((put) =>
    put.status === 'rejected' ? [put.reason] : [],
  )
  if (errors.length === 0) return
  const other = errors.find((error) => !(error instanceof DistError) || error.lacks === undefined)
  if (other !== undefined || errors.length === 1) throw other ?? errors[0]
  const [{ code, message }] = errors
  const lacks = [...new Set(errors.flatMap((error: DistError) => error.lacks ?? []))]
  throw new DistError(code, message, { cause: errors[0], lacks })
}
