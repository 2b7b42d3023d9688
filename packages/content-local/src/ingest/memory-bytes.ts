import { giveBack } from '@dist/content'
import type { Digest } from '@dist/oci'
import { inside } from '../files/paths.js'
import { writeWhole } from '../files/write.js'
import type { StoreDirectory } from '../store-directory.js'
import type { DraftBytes } from './draft.js'
import { type Entry, temporarySuffix, uniqueFile } from './entry.js'
import { SpooledBytes } from './spooled-bytes.js'

/** The most bytes that a draft keeps in memory without an entry: half of what one with an entry may have there. */
const smallSize = 1024 * 1024

/** The bytes of a small draft, in memory. They become one file at commit; `ingest/` shows no entry. */
export class MemoryBytes implements DraftBytes {
  readonly isPending = true
  #chunks: Uint8Array[] = []
  #size = 0

  constructor(
    private readonly directory: StoreDirectory,
    /** The entry that `toFile` makes. */
    private readonly entry: Entry,
  ) {}

  get isFull(): boolean {
    return this.#size > smallSize
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
  }

  async truncate(): Promise<void> {
    this.#clear()
  }

  async commit(digest: Digest): Promise<void> {
    const temporary = inside(this.directory.ingest, uniqueFile(temporarySuffix))
    await writeWhole(this.directory.files, this.#chunks, temporary, this.directory.blob(digest))
    for (const chunk of this.#chunks) giveBack(chunk)
    this.#clear()
  }

  /** The same bytes with an entry. This object is empty afterwards. */
  toFile(): SpooledBytes {
    const chunks = this.#chunks
    this.#clear()
    return SpooledBytes.create(this.directory, this.entry, chunks)
  }

  async discard(): Promise<void> {
    this.#clear()
  }

  #clear(): void {
    this.#chunks = []
    this.#size = 0
  }
}
