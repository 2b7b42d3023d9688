import type { Image, Ingester, Provider } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import type { Locator, Reference } from '@dist/reference'

/** Where one image goes: into a store, or to a repository of a registry. */
export interface Target {
  /** The names that it gets there. */
  readonly names: readonly string[]
  /** Reads back the manifests that planning has put there. */
  readonly provider: Provider
  /** Takes the image's manifests in while it is planned. */
  readonly ingester: Ingester
  /** The repository that takes the blobs, where they do not go into the store. */
  readonly to?: Locator
  /**
   * Whether a name that is published there is proof enough that everything below it is there, so that an image which
   * has not changed costs two requests. Default: false, what is below is looked at.
   */
  readonly vouches?: boolean
  /** Those of the descriptors whose content is not there, in order. */
  missing(descs: readonly Descriptor[]): Promise<Descriptor[]>
  /** What is published under a name, if anything. */
  published(name: string): Promise<Image | undefined>
  /**
   * Makes the name visible, after the referrers. Everything below it and below them is there already, but for the
   * manifests that a registry takes only when all they name is there: those were given to the ingester. Resolves to
   * the image as it is published then: a store keeps what it held of the same digest.
   */
  publish(image: Image, referrers: readonly Descriptor[]): Promise<Image>
  /** Told of each blob that has come for this image: nobody needs to ask for it again. */
  landed?(desc: Descriptor): void
}

/** Where each image goes. */
export type TargetOf = (reference: Reference) => Target
