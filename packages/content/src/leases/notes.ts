/** A note, with the time of its last write by the clock of the store. */
export interface Note {
  readonly key: string
  readonly writtenAt: Date
}

/**
 * Small documents beside the content of a store, by which its processes know of each other. Keys are `<folder>/<name>` or
 * `<folder>/<folder>/<name>`. Every read and listing shows all earlier writes. Methods reject with a `DistError`.
 */
export interface Notes {
  /** The store, for errors. */
  readonly url: string
  /** Writes a note, or replaces it. */
  put(key: string, content: Uint8Array): Promise<void>
  /** Undefined if there is none. */
  get(key: string): Promise<Uint8Array | undefined>
  /** The notes directly in a folder, in any order. None if the folder does not exist. */
  list(folder: string): AsyncIterable<Note>
  /** The folders in a folder. */
  folders(folder: string): Promise<readonly string[]>
  /** Deletes a note that may not exist. */
  delete(key: string): Promise<void>
}

/** Notes in the memory of this process. */
export class MemoryNotes implements Notes {
  readonly url = 'memory'
  readonly #notes = new Map<string, { readonly content: Uint8Array; readonly writtenAt: Date }>()

  async put(key: string, content: Uint8Array): Promise<void> {
    this.#notes.set(key, { content, writtenAt: new Date() })
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#notes.get(key)?.content
  }

  async *list(folder: string): AsyncIterable<Note> {
    for (const [key, { writtenAt }] of [...this.#notes])
      if (key.slice(0, key.lastIndexOf('/')) === folder) yield { key, writtenAt }
  }

  async folders(folder: string): Promise<readonly string[]> {
    const below = [...this.#notes.keys()].filter((key) => key.startsWith(`${folder}/`))
    return [...new Set(below.map((key) => key.split('/')).flatMap(([, name, last]) => (last && name) || []))]
  }

  async delete(key: string): Promise<void> {
    this.#notes.delete(key)
  }
}
