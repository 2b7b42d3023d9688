import type { Image, Ingester, Provider, PublishedName } from '@dist/content'
import type { Descriptor, Digest } from '@dist/oci'
import type { Locator, Reference } from '@dist/reference'
import type { Attached } from './attached.js'

export interface TargetOptions {
  signal?: AbortSignal | undefined
  /** Called with what was left out and why, one line each. The image itself is always complete. */
  onRemark?: ((remark: string) => void) | undefined
}

export interface MissingOptions extends TargetOptions {
  /** Whether the answer that content is missing may be a remembered one. Default: false. */
  recent?: boolean | undefined
  /** As in `Target.guard`: no remembered answer counts. Default: false. */
  isCollecting?: boolean | undefined
}

export interface PutOptions extends TargetOptions {
  /** As in `Target.guard`. Default: false. */
  isCollecting?: boolean | undefined
}

/** The destination of one image: a store (`storeTarget`) or a repository of a registry (`registryTarget`). */
export interface Target {
  /** The names that the image gets there. */
  readonly names: readonly string[]
  /** Reads the manifests that planning has written. */
  readonly provider: Provider
  /** Whether a remembered answer shows that a manifest is not there. Default: no answer is remembered. */
  lacks?(desc: Descriptor): Promise<boolean>
  /** Called with manifests that are there and verified. */
  remember?(desc: Descriptor, content: Uint8Array): void
  /** Takes the manifests of the image while it is planned. */
  readonly ingester: Ingester
  /** The repository that takes the blobs; undefined: the store takes them. */
  readonly to: Locator | undefined
  /**
   * Whether manifests that planning writes wait until the image is published. A registry takes a manifest only after the
   * content that it names; a store takes it at once.
   */
  readonly stagesManifests: boolean
  /** Whether a published name proves that all of its image is there. Then an unchanged image costs one request. */
  readonly trustsPublishedName: boolean
  /** Whether a published name has a record of its referrers. Otherwise they are asked for each time. */
  readonly recordsReferrers: boolean
  /** The descriptors whose content is not there, in order. */
  missing(descs: readonly Descriptor[], options?: MissingOptions): Promise<readonly Descriptor[]>
  /** The manifests of a published image that are not there. `fetched`: those that planning had to fetch. */
  missingManifests(
    manifests: readonly Descriptor[],
    fetched: readonly Descriptor[],
    options?: TargetOptions,
  ): Promise<readonly Descriptor[]>
  /** Whether it lists all of these manifests as referrers of the subject. */
  listsReferrers(subject: Digest, referrers: readonly Descriptor[], options?: TargetOptions): Promise<boolean>
  /** What is published under a name; undefined if there is nothing. */
  published(name: string, options?: TargetOptions): Promise<PublishedName | undefined>
  /**
   * Puts the staged manifests, then what is attached, then the name. All other content has to be there. Resolves to the
   * image as it is published: a store adds what it held of the same digest to the selection.
   */
  publish(image: Image, attached: Attached, options?: PutOptions): Promise<Image>
  /**
   * Runs a step that checks that objects are there and then publishes. Nothing deletes them in between. The step gets whether
   * garbage of the target is being collected.
   */
  guard<T>(
    objects: readonly Descriptor[],
    step: (isCollecting: boolean) => Promise<T>,
    options?: TargetOptions,
  ): Promise<T>
  /**
   * Has to be called for each blob that came for this image: `missing` need not ask for it again. `at`: as in
   * `Recalling.noteStored`. Default: now.
   */
  onBlobStored(desc: Descriptor, at?: number): void
  /** Has to be called for content that turned out to be missing: it is asked for, and put, again. */
  forget(descs: readonly Descriptor[]): void
}

/** The target of each image. */
export type TargetOf = (reference: Reference) => Target
