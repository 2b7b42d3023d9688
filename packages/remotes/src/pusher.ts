import type { Ingester } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { RemoteOptions } from './remotes.js'

export interface PutOptions extends RemoteOptions {
  /** The tag to set to the manifest. Default: none, the manifest is put under its digest. */
  tag?: string | undefined
}

/** Puts content into one repository of a registry. */
export interface Pusher {
  /**
   * The manifest under a tag or digest: one HEAD, or a GET if the answer to HEAD is incomplete. Undefined if the manifest
   * or the repository does not exist.
   */
  resolve(object: string, options?: RemoteOptions): Promise<Descriptor | undefined>
  /** Whether the repository holds the blob, with that size: one HEAD. */
  has(desc: Descriptor, options?: RemoteOptions): Promise<boolean>
  /**
   * Mounts the blob from another repository of the registry. Resolves to false if the registry does not mount it; if it
   * opened an upload instead, the next write of that digest continues that upload.
   */
  mount(desc: Descriptor, from: string, options?: RemoteOptions): Promise<boolean>
  /** Records that the repository lacks the blob, whatever it answered: the next write sends it without a check. */
  forget(desc: Descriptor): Promise<void>
  /**
   * Takes blobs; needs digest and size beforehand. Unverified content never becomes a blob. No write can be resumed by
   * another writer.
   */
  readonly ingester: Ingester
  /**
   * Puts a manifest under its digest or a tag. Its children must exist. Throws `FAILED_PRECONDITION` when the registry
   * answers with another digest.
   */
  put(desc: Descriptor, content: Uint8Array, options?: PutOptions): Promise<void>
}

/** Creates pushers for repositories. */
export interface PusherSource {
  pusher(locator: Locator): Pusher
}
