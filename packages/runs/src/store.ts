import type { Selection } from '@dist/content'
import type { Amount } from './runs.js'

/** One descriptor of the tree of an image. Nodes are in the order of a walk: each one behind its parent. */
export interface TreeNode {
  /** 0 for the root. */
  readonly depth: number
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly platform?: string | undefined
  readonly artifactType?: string | undefined
  readonly isPresent: boolean
  /** Whether the image takes it: the other platforms of its index are not selected. */
  readonly isSelected: boolean
  /** Why a stored manifest cannot be read. */
  readonly damage?: string | undefined
}

/** A manifest that refers to an image: a signature, an SBOM. */
export interface Referrer {
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly artifactType?: string | undefined
  /** The manifest of the image that it is about. */
  readonly subject?: string | undefined
  /** The tag of cosign under which it is published. */
  readonly tag?: string | undefined
  readonly isPresent: boolean
}

export interface ImageTree {
  /** The name under which it is published. Undefined: it is not yet. */
  readonly name?: string | undefined
  /** At most 2,000. */
  readonly nodes: readonly TreeNode[]
  /** Whether there are more nodes. */
  readonly isCut: boolean
  readonly referrers: readonly Referrer[]
}

/** What an image takes, when the store was measured last. */
export interface ImageSizes {
  /** Everything that it needs. */
  readonly all: Amount
  /** Of it, what no other image needs. */
  readonly own: Amount
}

export interface StoredImage {
  readonly name: string
  /** Undefined in the order of sizes, which does not read images. */
  readonly digest?: string | undefined
  readonly platforms?: Selection | undefined
  /** Undefined: it was not there when the store was measured. */
  readonly sizes?: ImageSizes | undefined
}

/** A stored image with all that is known of it. */
export interface StoredImageDetails extends StoredImage, Omit<ImageTree, 'name'> {
  /** The entries of mirror files that have published it. */
  readonly entries: readonly string[]
}

export interface StoredFilter {
  /** A part of the name. */
  readonly search?: string | undefined
  /** The digest of content: only images that need it, by name. */
  readonly needs?: string | undefined
  /** `name`, or `own`: those that need most alone first, of the images that were measured. Default: `name`. */
  readonly order?: 'name' | 'own' | undefined
  /** The first place that counts. Default: 0. */
  readonly from?: number | undefined
  readonly limit: number
}

export interface StoredPage {
  readonly images: readonly StoredImage[]
  /** How many images pass the filter. Undefined where they are not counted. */
  readonly total?: number | undefined
  /** The place from which the next page begins. Undefined: there is none. */
  readonly next?: number | undefined
}

/** What the images of an entry of a mirror file take. An image that several entries have published belongs to each of them. */
export interface EntryUsage {
  /** Undefined: the images that no entry keeps track of. */
  readonly entry?: string | undefined
  readonly images: number
  /** Everything that they need. */
  readonly all: Amount
  /** Of it, what no image of another entry needs. */
  readonly own: Amount
}

/** What the content of the store is needed for. */
export interface StoreUsage {
  readonly measuredAt: Date
  readonly images: number
  /** All stored content. */
  readonly total: Amount
  /** Content that images need, and of it that of several images. */
  readonly needed: Amount
  readonly shared: Amount
  /** What the images would take if none shared content. */
  readonly unshared: Amount
  /** Content that no image needs, of any age. */
  readonly reclaimable: Amount
  /** Writes that no process has open. */
  readonly abandoned: Amount
  /** Those that need most alone first, at most 1,000. */
  readonly entries: readonly EntryUsage[]
  /** False: manifests cannot be read, so that content that images need may count as reclaimable. */
  readonly isComplete: boolean
}

export interface StoreReport {
  /** Undefined while no service has ever started. */
  readonly id?: string | undefined
  /** Undefined: it was never measured. */
  readonly usage?: StoreUsage | undefined
  /** Set while it is measured: what was read last, and how many. */
  readonly measuring?: { readonly type: 'reading' | 'listing'; readonly count: number } | undefined
}
