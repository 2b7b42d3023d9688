import { createIngester, type Expected, type Ingester, type WriteOptions } from '@dist/content'
import type { Descriptor } from '@dist/oci'
import type { Pusher, PutOptions, RemoteOptions } from '@dist/remotes'
import type { RepositoryContext } from '../repository.js'
import { blobDriver } from './driver.js'
import { findBlob, findManifest } from './existing.js'
import { putManifest } from './manifest.js'
import { mountBlob } from './mount.js'
import { PushTarget } from './target.js'

/** Pushes to one repository, at the first endpoint that takes pushes. */
export class RepositoryPusher implements Pusher {
  readonly ingester: Ingester = {
    writer: async (ref: string, expected: Expected, options?: WriteOptions) =>
      createIngester(blobDriver(await this.#target())).writer(ref, expected, options),
  }

  constructor(private readonly repository: RepositoryContext) {}

  async resolve(object: string, { signal }: RemoteOptions = {}): Promise<Descriptor | undefined> {
    return findManifest(await this.#target(), object, signal)
  }

  async has({ digest, size }: Descriptor, { signal }: RemoteOptions = {}): Promise<boolean> {
    const target = await this.#target()
    const found = await findBlob(target.operation(`blob ${digest}`, signal), digest)
    const has = found !== undefined && (found.size ?? size) === size
    if (!has) target.recordMissing(digest)
    return has
  }

  async mount(desc: Descriptor, from: string, { signal }: RemoteOptions = {}): Promise<boolean> {
    return mountBlob(await this.#target(), desc, from, signal)
  }

  async forget({ digest }: Descriptor): Promise<void> {
    const target = await this.#target()
    target.recordMissing(digest)
  }

  async put(desc: Descriptor, content: Uint8Array, options: PutOptions = {}): Promise<void> {
    return putManifest(await this.#target(), desc, content, options)
  }

  #target(): Promise<PushTarget> {
    return PushTarget.of(this.repository)
  }
}
