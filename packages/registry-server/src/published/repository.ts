import {
  forEachConcurrently,
  type Image,
  imageNamed,
  isUnreadable,
  type Names,
  scanNames,
} from '@dist/content'
import { sleep } from '@dist/errdefs'
import type { Descriptor, Digest } from '@dist/oci'
import { isTag } from '@dist/reference'
import type { Documents } from './documents.js'
import { type LeftOut, Reachable, type Reached } from './reachable.js'

/** What a repository needs of the store, and its terms. */
export interface RepositoryParts {
  readonly names: Pick<Names, 'get' | 'list' | 'scan'>
  readonly documents: Documents
  /** Milliseconds for which an answer about a name holds. */
  readonly refresh: number
  /** Called when the store does not answer and what is known is used instead, and for manifests that cannot be read. */
  readonly onProblem: (problem: string, error: unknown) => void
  /** Milliseconds, for tests. */
  readonly now: () => number
}

/** A name as it was last seen. */
interface Seen {
  readonly image: Image
  readonly at: number
  /** Of its document, where a scan tells it. */
  readonly version?: string | undefined
}

/** All names of the repository, with their versions. */
interface Scanned {
  readonly names: ReadonlyMap<string, string | undefined>
  readonly at: number
}

/** Content of an image that its name no longer has is served for so long: a client has read the tag before. */
const keptMs = 24 * 3_600_000
/** Digests that are not known let the names be scanned again, at most this often. */
const rescanMs = 100
/** An answer about a name is asked for again after so long when the store failed. */
const failedMs = 1_000
/** Manifests, or documents of names, that are read at the same time. */
const concurrency = 32
/** The most former images that are remembered. */
const maxFormer = 10_000

/**
 * One repository as this process knows it: its names, and what they reach. Names are read when they are asked for. What they reach
 * is read when a digest is asked for that is not known.
 */
export class PublishedRepository {
  readonly #seen = new Map<string, Seen>()
  /** Images that names no longer have, the oldest first. */
  #former: { readonly image: Image; readonly until: number }[] = []
  #reachable = new Reachable()
  #scanned: Scanned | undefined
  /** When names have changed since they were seen. */
  readonly #changed = new Map<string, number>()
  #changedAt = Number.NEGATIVE_INFINITY
  readonly #running = new Map<string, Promise<unknown>>()

  constructor(
    readonly name: string,
    private readonly parts: RepositoryParts,
  ) {}

  /** Bytes of memory, about. */
  get cost(): number {
    const names = this.#scanned?.names.size ?? 0
    return 1_000 + 200 * names + 600 * this.#seen.size + 1_000 * this.#former.length + this.#reachable.cost
  }

  /**
   * The image of a name; undefined if it is not published. An answer is at most `refresh` old, and a name that was absent is asked
   * for again. Throws the error of the store, unless the name is known from before.
   */
  image(name: string): Image | undefined | Promise<Image | undefined> {
    const seen = this.#seen.get(name)
    const since = Math.max(this.parts.now() - this.parts.refresh, this.#changed.get(name) ?? 0)
    if (seen !== undefined && seen.at > since) return seen.image
    return this.#once(name, () => this.#ask(name))
  }

  /** The names, by a scan that is at most `maxAge` old. */
  async names(maxAge: number = this.parts.refresh): Promise<string[]> {
    const since = Math.max(this.parts.now() - maxAge, this.#changedAt)
    // A scan that runs may be older.
    while (this.#scanned === undefined || this.#scanned.at < since) await this.#once('', () => this.#scan())
    return [...this.#scanned.names.keys()]
  }

  /** The tags, in no order. */
  async tags(): Promise<string[]> {
    const start = this.name.length + 1
    return (await this.names()).map((name) => name.slice(start)).filter(isTag)
  }

  /** What is served under a digest; undefined if nothing that is published reaches it. */
  find(digest: Digest): Reached | undefined | Promise<Reached | undefined> {
    this.#forget()
    return this.#reachable.find(digest) ?? this.#search(digest)
  }

  /** Why a digest is not served, if an index that is published names it. */
  leftOut(digest: Digest): LeftOut | undefined {
    return this.#reachable.leftOut(digest)
  }

  /** The content of a manifest of this repository has been read. */
  read(digest: Digest, content: Uint8Array): void {
    try {
      this.#reachable.read(digest, content)
    } catch (error) {
      this.parts.onProblem(`${this.name}@${digest}`, error)
    }
  }

  /** All referrers of a digest that images of this repository have. */
  async referrersOf(subject: Digest): Promise<readonly Descriptor[]> {
    await this.#readNames(this.parts.refresh)
    while (await this.#step(true));
    return this.#reachable.referrersOf(subject)
  }

  /** A name has changed, or all may have: what is known of it no longer counts. */
  changed(name?: string): void {
    const now = this.parts.now()
    this.#changedAt = now
    if (name === undefined) for (const each of this.#seen.keys()) this.#changed.set(each, now)
    else if (this.#seen.has(name) || this.#running.has(name)) this.#changed.set(name, now)
  }

  /** Reads on until the digest is found: roots first, then names that are new, then what is below, the newest first. */
  async #search(digest: Digest): Promise<Reached | undefined> {
    const asked = this.parts.now()
    const found = (await this.#readRoots(digest)) ?? (await this.#readAll(digest, rescanMs))
    const scannedAt = this.#scanned?.at ?? asked
    if (found !== undefined || scannedAt >= asked) return found
    // A name may have come after that scan, and another server may have told the client its digest.
    await sleep(scannedAt + rescanMs - this.parts.now())
    return await this.#readAll(digest, this.parts.now() - asked)
  }

  async #readAll(digest: Digest, maxAge: number): Promise<Reached | undefined> {
    await this.#readNames(maxAge)
    const found = await this.#readRoots(digest)
    return found ?? (await this.#readUntil(digest, () => this.#step(false)))
  }

  #readRoots(digest: Digest): Promise<Reached | undefined> {
    return this.#readUntil(digest, () => this.#step(true))
  }

  /** Steps until a step finds the digest or has nothing to read. */
  async #readUntil(digest: Digest, step: () => Promise<boolean>): Promise<Reached | undefined> {
    for (;;) {
      const found = this.#reachable.find(digest)
      if (found !== undefined || !(await step())) return found
    }
  }

  /** Reads the images of all names that are new or may have changed. */
  async #readNames(maxAge: number): Promise<void> {
    const names = await this.names(maxAge)
    const at = this.#scanned?.at ?? 0
    const old = names.filter((name) => (this.#seen.get(name)?.at ?? Number.NEGATIVE_INFINITY) < at)
    await forEachConcurrently(old, concurrency, async (name) => {
      try {
        await this.#once(name, () => this.#ask(name))
      } catch (error) {
        // One document that cannot be read must not hide the others.
        if (!isUnreadable(error)) throw error
        this.parts.onProblem(name, error)
      }
    })
  }

  /** Reads some manifests; false when there is none. Concurrent calls share a step. */
  #step(near: boolean): Promise<boolean> {
    return this.#once(near ? ' near' : ' all', async () => {
      const { documents, onProblem } = this.parts
      const next = this.#reachable.unread(concurrency, near)
      await Promise.all(
        next.map(async ({ desc: { digest } }) => {
          try {
            this.#reachable.read(digest, await documents.read(digest))
          } catch (error) {
            // A manifest that is missing or damaged names nothing. A store that fails is asked again by the next request.
            if (!isUnreadable(error)) throw error
            this.#reachable.passOver(digest)
            onProblem(`${this.name}@${digest}`, error)
          }
        }),
      )
      return next.length > 0
    })
  }

  async #ask(name: string): Promise<Image | undefined> {
    const { names, now, refresh, onProblem } = this.parts
    const at = now()
    try {
      const image = await imageNamed(name, names)
      // A scan from before tells the version of this document, or of an older one.
      const isScanned = this.#scanned !== undefined && this.#scanned.at <= at
      this.#note(name, { image, at, version: isScanned ? this.#scanned?.names.get(name) : undefined })
      return image
    } catch (error) {
      const seen = this.#seen.get(name)
      if (seen === undefined) throw error
      onProblem(name, error)
      this.#seen.set(name, { ...seen, at: now() - refresh + failedMs })
      return seen.image
    }
  }

  async #scan(): Promise<void> {
    const at = this.parts.now()
    const found = new Map<string, string | undefined>()
    for (const prefix of [`${this.name}:`, `${this.name}@`])
      for await (const { name, version } of scanNames(this.parts.names, prefix)) found.set(name, version)
    this.#scanned = { names: found, at }
    for (const [name, seen] of this.#seen) {
      if (!found.has(name)) this.#note(name, { image: undefined, at })
      // The document is the one that was read: its image counts as read now.
      else if (seen.version !== undefined && seen.version === found.get(name))
        this.#seen.set(name, { ...seen, at: Math.max(at, seen.at) })
    }
  }

  /** Takes over what a name has now. `image`: undefined for none. */
  #note(name: string, { image, ...seen }: Omit<Seen, 'image'> & { readonly image: Image | undefined }): void {
    const before = this.#seen.get(name)
    if (before !== undefined && before.at > seen.at) return
    if ((this.#changed.get(name) ?? 0) < seen.at) this.#changed.delete(name)
    if (image === undefined) this.#seen.delete(name)
    else this.#seen.set(name, { ...seen, image })
    if (before !== undefined && before.image.desc.digest !== image?.desc.digest) this.#retire(before.image)
    if (image !== undefined && !isSame(image, before?.image)) this.#reachable.add(image)
  }

  #retire(image: Image): void {
    this.#former.push({ image, until: this.parts.now() + keptMs })
    if (this.#former.length > maxFormer) this.#former.shift()
  }

  /** Makes what is reachable anew when a former image need not be served any longer. */
  #forget(): void {
    const now = this.parts.now()
    if ((this.#former[0]?.until ?? Number.POSITIVE_INFINITY) > now) return
    this.#former = this.#former.filter(({ until }) => until > now)
    this.#reachable = new Reachable()
    for (const { image } of this.#former) this.#reachable.add(image)
    for (const { image } of this.#seen.values()) this.#reachable.add(image)
  }

  /** Concurrent calls with a key share one. */
  #once<T>(key: string, call: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) as Promise<T> | undefined
    if (running !== undefined) return running
    const started = call().finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }
}

/** Whether two documents of a name reach the same. */
function isSame(a: Image, b: Image | undefined): boolean {
  return b !== undefined && reachedBy(a) === reachedBy(b)
}

function reachedBy({ desc, selection, referrers }: Image): string {
  const attached = referrers?.manifests.map(({ digest }) => digest) ?? []
  return [desc.digest, String(selection), ...attached].join(' ')
}
