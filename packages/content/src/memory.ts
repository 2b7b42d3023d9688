import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { oneChunk } from './chunk.js'
import type { Expected, Info, ReadOptions, Status } from './content.js'
import type { Draft, Driver } from './driver.js'
import type { Image, Names } from './names.js'
import { statusOf } from './status.js'

interface StoredBlob {
  info: Info
  content: Uint8Array
}

interface MemoryDraft extends Draft {
  readonly expected: Expected
  size: number
}

/** Storage in the memory of this process, for tests and temporary content. */
export class MemoryDriver implements Driver {
  readonly #blobs = new Map<Digest, StoredBlob>()
  readonly #drafts = new Map<string, MemoryDraft>()

  async stat(digest: Digest): Promise<Info | undefined> {
    return this.#blobs.get(digest)?.info
  }

  async read(digest: Digest, { offset = 0 }: ReadOptions): Promise<AsyncIterable<Uint8Array>> {
    const stored = this.#blobs.get(digest)
    if (stored === undefined) throw new DistError('NOT_FOUND', `${digest} is not in the store`)
    if (offset > stored.info.size)
      throw new DistError('INVALID_ARGUMENT', `${digest} ends at ${stored.info.size}, before ${offset}`)
    // Copied, because the chunk belongs to the reader; `slice` of a Buffer would share its memory.
    return oneChunk(new Uint8Array(stored.content.subarray(offset)))
  }

  async *walk(): AsyncIterable<Info> {
    for (const { info } of [...this.#blobs.values()]) yield info
  }

  async delete(digest: Digest): Promise<boolean> {
    return this.#blobs.delete(digest)
  }

  async draft(ref: string, expected: Expected): Promise<Draft> {
    const held = this.#drafts.get(ref)
    if (held !== undefined)
      throw new DistError('UNAVAILABLE', `${ref} is being written since ${held.startedAt.toISOString()}`, {
        held: true,
      })
    const draft = this.#open(ref, expected)
    this.#drafts.set(ref, draft)
    return draft
  }

  async *statuses(): AsyncIterable<Status> {
    for (const { ref, startedAt, size, expected } of this.#drafts.values()) {
      yield statusOf({ ref, offset: size, expected, startedAt, updatedAt: new Date(), live: true })
    }
  }

  async discard(ref: string): Promise<void> {
    if (this.#drafts.has(ref)) throw new DistError('UNAVAILABLE', `${ref} is being written`)
    throw new DistError('NOT_FOUND', `no write has the ref ${ref}`)
  }

  #open(ref: string, expected: Expected): MemoryDraft {
    let chunks: Uint8Array[] = []
    const close = async () => {
      if (this.#drafts.get(ref) === draft) this.#drafts.delete(ref)
    }
    const draft: MemoryDraft = {
      ref,
      expected,
      size: 0,
      startedAt: new Date(),
      offset: 0,
      async *replay() {},
      append: async (chunk) => {
        chunks.push(chunk)
        draft.size += chunk.byteLength
      },
      truncate: async () => {
        chunks = []
        draft.size = 0
      },
      commit: async (digest, size) => {
        const info = { digest, size, committedAt: new Date() }
        if (!this.#blobs.has(digest)) this.#blobs.set(digest, { info, content: Buffer.concat(chunks, size) })
        await close()
        return info
      },
      close,
    }
    return draft
  }
}

/** Published names in the memory of this process. */
export class MemoryNames implements Names {
  readonly #images = new Map<string, Image>()

  async get(name: string): Promise<Image> {
    const image = this.#images.get(name)
    if (image === undefined) throw new DistError('NOT_FOUND', `no image has the name ${name}`)
    return image
  }

  async put(image: Image): Promise<void> {
    this.#images.set(image.name, image)
  }

  async *list(): AsyncIterable<Image> {
    yield* [...this.#images.values()]
  }

  async delete(name: string): Promise<void> {
    if (!this.#images.delete(name)) throw new DistError('NOT_FOUND', `no image has the name ${name}`)
  }
}
