import type { Image, Ingester, Provider } from '@dist/content'
import type { Descriptor, Digest } from '@dist/oci'
import type { Locator, Reference } from '@dist/reference'

export interface TargetOptions {
  signal?: AbortSignal | undefined
  /** Told what was left behind, and why: of the image itself nothing is. */
  onRemark?: ((remark: string) => void) | undefined
}

/** Where one image goes: into a store, or to a repository of a registry. */
export interface Target {
  /** The names that it gets there. */
  readonly names: readonly string[]
  /** Reads back the manifests that planning has put there. */
  readonly provider: Provider
  /** Takes the image's manifests in while it is planned. */
  readonly ingester: Ingester
  /** The repository that takes the blobs, where they do not go into the store. */
  readonly to?: Locator | undefined
  /**
   * Whether a name that is published there is proof enough that a whole image is there, so that one which has not
   * changed costs a request to each side. Default: false, what is below is looked at.
   */
  readonly trustsPublishedName?: boolean | undefined
  /** Those of the descriptors whose content is not there, in order. */
  missing(descs: readonly Descriptor[], options?: TargetOptions): Promise<Descriptor[]>
  /**
   * Those of an image's manifests that publishing has still to put, where planning only gathers them. Default: those
   * that planning had to fetch were put then.
   */
  pending?(manifests: readonly Descriptor[], options?: TargetOptions): Promise<Descriptor[]>
  /** What refers to that digest there, where it can be told. */
  referrers?(digest: Digest, options?: TargetOptions): Promise<readonly Descriptor[]>
  /** What is published under a name, if anything. */
  published(name: string, options?: TargetOptions): Promise<Image | undefined>
  /**
   * Makes the name visible, after the referrers. Everything below it and below them is there already, but for the
   * manifests that a registry takes only when all they name is there: those were given to the ingester. Resolves to
   * the image as it is published then: a store keeps what it held of the same digest.
   */
  publish(image: Image, referrers: readonly Descriptor[], options?: TargetOptions): Promise<Image>
  /** Told of each blob that has come for this image: nobody needs to ask for it again. */
  onBlobStored?(desc: Descriptor): void
  /** Told of what it turned out to lack: nothing of it counts as there, and its manifests are put again. */
  forget?(descs: readonly Descriptor[]): void
}

/** Where each image goes. */
export type TargetOf = (reference: Reference) => Target
