import type { Image, Selection } from '@dist/content'
import { requestOf, wantedChildren } from '@dist/images'
import {
  artifactTypeOf,
  type Descriptor,
  type Digest,
  DigestTable,
  formatPlatform,
  hasChildren,
  type Manifest,
  parseManifest,
} from '@dist/oci'

/** A manifest whose children are not known yet. */
export interface Unread {
  readonly desc: Descriptor
  readonly selection: Selection
}

/** What a repository may serve under a digest. */
export interface Reached {
  /** Bytes, by the descriptor that names it. */
  readonly size: number
  /** Set if it is served as a manifest. */
  readonly mediaType?: string | undefined
}

/** A child of an index that its image leaves out. */
export interface LeftOut {
  readonly platform: string | undefined
  /** The platforms of the image. */
  readonly selection: readonly string[]
}

interface ReachedManifest extends Reached {
  /** The selections whose children are known. */
  readonly read: Set<string>
}

/** Bytes of memory of one entry, about. */
const costs = { manifest: 300, blob: 60, unread: 300, referrer: 500 }

/**
 * Everything that some images reach, as far as their manifests have been read. Nothing is removed: it is made anew instead.
 */
export class Reachable {
  readonly #manifests = new Map<Digest, ReachedManifest>()
  readonly #blobs = new DigestTable()
  readonly #sizes: number[] = []
  /** Roots and referrers that have not been read; then the manifests below. */
  readonly #near = new Map<Digest, Unread[]>()
  readonly #far = new Map<Digest, Unread[]>()
  readonly #leftOut = new Map<Digest, LeftOut>()
  /** By the digest of the subject. */
  readonly #referrers = new Map<Digest, Map<Digest, Descriptor>>()
  #cost = 0

  /** Bytes of memory, about. */
  get cost(): number {
    return this.#cost
  }

  /** Adds an image: its root and what is recorded to refer to it. */
  add({ desc, selection, referrers }: Image): void {
    this.#addManifest(desc, selection, this.#near)
    for (const referrer of referrers?.manifests ?? []) this.#addManifest(referrer, 'all', this.#near)
  }

  find(digest: Digest): Reached | undefined {
    const manifest = this.#manifests.get(digest)
    if (manifest !== undefined) return manifest
    const index = this.#blobs.indexOf(digest)
    return index === undefined ? undefined : { size: this.#sizes[index] ?? 0 }
  }

  leftOut(digest: Digest): LeftOut | undefined {
    return this.#leftOut.get(digest)
  }

  /** The manifests that have this subject, as far as they have been read. */
  referrersOf(subject: Digest): readonly Descriptor[] {
    return [...(this.#referrers.get(subject)?.values() ?? [])]
  }

  /** Some manifests to read next: roots and referrers, or those below, the newest first. */
  unread(count: number, near: boolean): Unread[] {
    const from = near ? this.#near.values() : [...this.#far.values()].reverse()
    const found: Unread[] = []
    for (const [first] of from) {
      if (found.length === count) break
      if (first !== undefined) found.push(first)
    }
    return found
  }

  /** Takes over what a manifest names, if this has not been done. Throws as `parseManifest`. */
  read(digest: Digest, content: Uint8Array): void {
    const waiting = [...(this.#near.get(digest) ?? []), ...(this.#far.get(digest) ?? [])]
    if (waiting.length === 0) return
    this.passOver(digest)
    const name = `manifest ${digest}`
    const manifest = parseManifest(content, waiting[0]?.desc.mediaType ?? '', name)
    for (const { desc, selection } of waiting) {
      this.#manifests.get(digest)?.read.add(String(selection))
      this.#addReferrer(desc, manifest)
      this.#addChildren(manifest, selection)
    }
  }

  /** What this manifest names stays unknown. */
  passOver(digest: Digest): void {
    this.#near.delete(digest)
    this.#far.delete(digest)
  }

  #addChildren(manifest: Manifest, selection: Selection): void {
    if (manifest.kind === 'manifest') {
      for (const child of manifest.config === undefined ? [] : [manifest.config]) this.#addBlob(child)
      for (const child of manifest.layers) this.#addBlob(child)
      return
    }
    const wanted = new Set(wantedChildren(manifest.manifests, requestOf(selection)))
    for (const child of manifest.manifests) {
      if (wanted.has(child)) this.#addManifest(child, selection, this.#far)
      else if (selection !== 'all') this.#leave(child, selection)
    }
  }

  #addManifest(
    { mediaType, digest, size }: Descriptor,
    selection: Selection,
    to: Map<Digest, Unread[]>,
  ): void {
    let known = this.#manifests.get(digest)
    if (known === undefined) {
      known = { size, mediaType, read: new Set() }
      this.#manifests.set(digest, known)
      this.#cost += costs.manifest
    }
    // An index may name content of any type. It has no children that are known.
    if (!hasChildren(mediaType) || known.read.has(String(selection))) return
    const waiting = to.get(digest) ?? []
    if (waiting.some((each) => String(each.selection) === String(selection))) return
    to.set(digest, [...waiting, { desc: { mediaType, digest, size }, selection }])
    this.#cost += costs.unread
  }

  #addBlob({ digest, size }: Descriptor): void {
    const count = this.#blobs.size
    const index = this.#blobs.add(digest)
    if (index < count) return
    this.#sizes[index] = size
    this.#cost += costs.blob
  }

  #addReferrer({ mediaType, digest, size }: Descriptor, manifest: Manifest): void {
    const { subject, annotations } = manifest
    if (subject === undefined) return
    let referrers = this.#referrers.get(subject.digest)
    if (referrers === undefined) {
      referrers = new Map()
      this.#referrers.set(subject.digest, referrers)
    }
    if (referrers.has(digest)) return
    const artifactType = artifactTypeOf(manifest)
    referrers.set(digest, {
      mediaType,
      digest,
      size,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    })
    this.#cost += costs.referrer + JSON.stringify(annotations ?? {}).length
  }

  #leave({ digest, platform }: Descriptor, selection: readonly string[]): void {
    if (this.#leftOut.has(digest)) return
    this.#leftOut.set(digest, { platform: platform && formatPlatform(platform), selection })
    this.#cost += costs.manifest
  }
}
