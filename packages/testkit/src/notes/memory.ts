import type { Note, Notes } from '@dist/content'

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
