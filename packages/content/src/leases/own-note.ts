import { type CollectionNote, formatNote, type LeaseNote } from './members.js'
import type { Notes } from './notes.js'

/**
 * The note of a member. Its writes come one after the other, and none after its end: a late one would undo the next, or leave the
 * note of a member that is gone, for which others wait.
 */
export class OwnNote {
  #writes: Promise<void> = Promise.resolve()
  #hasEnded = false

  constructor(
    private readonly notes: Notes,
    readonly key: string,
  ) {}

  /** `note` is called when the write begins. Does nothing after the end. */
  write(note: () => LeaseNote | CollectionNote): Promise<void> {
    const written = this.#writes.then(async () => {
      if (!this.#hasEnded) await this.notes.put(this.key, formatNote(note()))
    })
    this.#writes = written.catch(() => {})
    return written
  }

  /** Resolves when no write is under way, and none will be. The note stays. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await this.#writes
  }

  /** Ends and removes the note. */
  async remove(): Promise<void> {
    await this.end()
    await this.notes.delete(this.key)
  }
}
