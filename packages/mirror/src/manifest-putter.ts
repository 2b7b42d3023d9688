import { type ContentStore, createStore, has, MemoryDriver, readContent } from '@dist/content'
import { DistError, hasCode, isNotFound } from '@dist/errdefs'
import { childrenHandler, type Handler, skipDesc, walk } from '@dist/images'
import { type Descriptor, type Digest, hasChildren, isIndexType, maxManifestSize } from '@dist/oci'
import type { CosignTag, Pusher, PutOptions } from '@dist/remotes'
import type { TargetOptions } from './target.js'

/** A manifest with those of its children that are staged. */
interface StagedManifest {
  readonly desc: Descriptor
  readonly children: readonly Descriptor[]
}

/** Codes with which registries refuse an index that names manifests which they do not have. */
const refusalCodes = ['MALFORMED', 'NOT_FOUND'] as const

/** Keeps the manifests of an image in memory, and puts them into a repository: each once, and after what it names. */
export class ManifestPutter {
  /** The manifests that wait. */
  readonly staged: ContentStore = createStore(new MemoryDriver())
  readonly #put = new Map<Digest, Promise<void>>()
  readonly #referring = new Map<Digest, Promise<void>>()
  /** By the digest of an index: how many of its manifests are not staged. */
  readonly #unstaged = new Map<Digest, number>()
  readonly #children: Handler = childrenHandler(this.staged)

  constructor(private readonly pusher: Pusher) {}

  /** The manifests that the repository does not have. */
  async missing(manifests: readonly Descriptor[], options: TargetOptions): Promise<Descriptor[]> {
    const found = await Promise.all(manifests.map(({ digest }) => this.pusher.resolve(digest, options)))
    for (const desc of found) if (desc !== undefined) this.#put.set(desc.digest, Promise.resolve())
    return manifests.filter(({ digest }) => !this.#put.has(digest))
  }

  /** Puts a manifest and all staged manifests below it. */
  async putTree(root: Descriptor, options: PutOptions): Promise<void> {
    await this.putBelow(root, options)
    await this.#putOnce(root, options)
  }

  /** Puts all staged manifests below a manifest. */
  async putBelow(root: Descriptor, options: PutOptions): Promise<void> {
    const open = await this.#stagedFrom(root, options)
    open.delete(root.digest)
    while (open.size > 0) {
      const ready = [...open.values()].filter(
        ({ children }) => !children.some(({ digest }) => open.has(digest)),
      )
      if (ready.length === 0)
        throw new DistError('MALFORMED', `${root.digest}: its manifests name each other`)
      for (const { desc } of ready) open.delete(desc.digest)
      await allPut(ready.map(({ desc }) => this.#putOnce(desc, options)))
    }
  }

  /** Puts a referrer, even if the repository has it: its list of referrers may lack it. */
  async putReferrer(desc: Descriptor, options: PutOptions): Promise<void> {
    await once(this.#referring, desc, async () => {
      await this.putBelow(desc, options)
      await this.put(desc, options)
    })
  }

  /** Puts a tag of cosign, with all below it. */
  async putTagged({ desc, tag }: CosignTag, options: PutOptions): Promise<void> {
    await this.putBelow(desc, options)
    await this.put(desc, { ...options, tag })
  }

  /** Puts one manifest. Throws an error that names what the registry lacks, if it can be known. */
  async put(desc: Descriptor, options: PutOptions): Promise<void> {
    const document = await this.#read(desc)
    try {
      await this.pusher.put(desc, document, options)
    } catch (error) {
      const unstaged = this.#unstaged.get(desc.digest) ?? 0
      if (unstaged === 0 || !isIndexType(desc.mediaType) || !hasCode(error, ...refusalCodes))
        throw await this.#withLacks(desc, error)
      const { code, message, lacks } = error as DistError
      throw new DistError(
        code,
        `${message}; the index names ${unstaged} more manifests than are sent: send all platforms, or one alone, or a stripped index (mirror file, index: stripped)`,
        { cause: error, lacks },
      )
    }
  }

  /** These manifests are put again, even if they were put before. */
  forget(digests: readonly Digest[]): void {
    for (const digest of digests) {
      this.#put.delete(digest)
      this.#referring.delete(digest)
    }
  }

  #putOnce(desc: Descriptor, options: PutOptions): Promise<void> {
    return once(this.#put, desc, () => this.put(desc, options))
  }

  /** A manifest and all below it that are staged, by digest. */
  async #stagedFrom(root: Descriptor, { signal }: PutOptions): Promise<Map<Digest, StagedManifest>> {
    const staged = new Map<Digest, StagedManifest>()
    const stage: Handler = async (desc, context) => {
      const below = await this.#children(desc, context)
      const manifests = below === skipDesc ? [] : below.filter(({ mediaType }) => hasChildren(mediaType))
      // The selection leaves out those that were not read.
      const isStaged = await Promise.all(manifests.map((child) => has(this.staged, child)))
      const children = manifests.filter((_, i) => isStaged[i])
      this.#unstaged.set(desc.digest, manifests.length - children.length)
      staged.set(desc.digest, { desc, children })
      return children
    }
    await walk(stage, [root], { signal })
    return staged
  }

  /** If a registry lacks content of a manifest and does not name it, it may lack all of it. */
  async #withLacks(desc: Descriptor, error: unknown): Promise<unknown> {
    if (!(error instanceof DistError) || error.lacks?.length !== 0) return error
    const children = await this.#children(desc, {})
    const lacks = children === skipDesc ? [] : children.map(({ digest }) => digest)
    return new DistError(error.code, error.message, { cause: error, lacks })
  }

  async #read(desc: Descriptor): Promise<Uint8Array> {
    try {
      return await readContent(this.staged, desc, maxManifestSize)
    } catch (cause) {
      if (!isNotFound(cause)) throw cause
      throw new DistError('INTERNAL', `manifest ${desc.digest}: planning did not read it`, { cause })
    }
  }
}

/** Does the work for a digest once. If it fails, the next call does it again. */
function once(done: Map<Digest, Promise<void>>, { digest }: Descriptor, work: () => Promise<void>) {
  const known = done.get(digest)
  if (known !== undefined) return known
  const begun = work()
  done.set(digest, begun)
  begun.catch(() => {
    if (done.get(digest) === begun) done.delete(digest)
  })
  return begun
}

/** Waits for all. If each failure is that the registry lacks content, the error names all that it lacks. */
export async function allPut(puts: readonly Promise<void>[]): Promise<void> {
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
