import type { Ingester } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { RemoteOptions } from './remotes.js'

export interface PutOptions extends RemoteOptions {
  /** The tag that is to mean the manifest. Default: none, it is put under its digest. */
  tag?: string | undefined
}

/** Puts content into one repository of a registry. */
export interface Pusher {
  /**
   * What a tag or a digest means there now: one HEAD, or a GET where HEAD does not tell enough. Undefined where it is
   * not there, and where the whole repository is not.
   */
  resolve(object: string, options?: RemoteOptions): Promise<Descriptor | undefined>
  /** Whether the repository holds the blob, with that size: one HEAD. */
  has(desc: Descriptor, options?: RemoteOptions): Promise<boolean>
  /**
   * Has the registry take the blob over from another of its repositories. False where it does not: the upload that it
   * may have opened instead is what the next write of that digest goes on with.
   */
  mount(desc: Descriptor, from: string, options?: RemoteOptions): Promise<boolean>
  /**
   * The repository turned out not to hold the blob, whatever it said: the next write of it is not kept from sending it by
   * what it says now.
   */
  forget(desc: Descriptor): Promise<void>
  /**
   * Takes blobs; needs digest and size beforehand. What does not verify never becomes a blob. Nothing can be resumed
   * by another writer.
   */
  readonly ingester: Ingester
  /**
   * Puts a manifest, under its digest or under a tag. Everything that it names must be there. `FAILED_PRECONDITION`
   * when the registry answers with another digest.
   */
  put(desc: Descriptor, content: Uint8Array, options?: PutOptions): Promise<void>
}

/** Hands out what puts content into repositories. */
export interface PusherSource {
  pusher(locator: Locator): Pusher
}
