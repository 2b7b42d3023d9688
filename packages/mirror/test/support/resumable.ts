import { type Draft, type Expected, MemoryDriver } from '@dist/content'

/** Storage in memory in which an interrupted write can be resumed. */
export class ResumableDriver extends MemoryDriver {
  /** The bytes of interrupted writes, by ref. */
  readonly left = new Map<string, Uint8Array>()

  override async draft(ref: string, expected: Expected): Promise<Draft> {
    const draft = await super.draft(ref, expected)
    let written = this.left.get(ref) ?? new Uint8Array(0)
    if (written.byteLength > 0) await draft.append(written)
    return {
      ...draft,
      offset: written.byteLength,
      replay: async function* (this: void) {
        yield written
      },
      append: async (chunk) => {
        written = Buffer.concat([written, chunk])
        await draft.append(chunk)
      },
      truncate: async () => {
        written = new Uint8Array(0)
        await draft.truncate()
      },
      commit: async (digest, size) => {
        this.left.delete(ref)
        return draft.commit(digest, size)
      },
      close: async (keep) => {
        if (keep && written.byteLength > 0) this.left.set(ref, written)
        else this.left.delete(ref)
        await draft.close(keep)
      },
    }
  }
}
