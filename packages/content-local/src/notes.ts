import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Note, Notes } from '@dist/content'
import { failedWith, storeError } from './files/errors.js'
import { temporarySuffix, uniqueFile } from './ingest/entry.js'
import type { StoreDirectory } from './store-directory.js'

/** Notes as files of a store. */
export class LocalNotes implements Notes {
  constructor(private readonly directory: StoreDirectory) {}

  get url(): string {
    return this.directory.root
  }

  async put(key: string, content: Uint8Array, { durable = false } = {}): Promise<void> {
    const path = this.#path(key)
    const temporary = join(this.directory.ingest, uniqueFile(temporarySuffix))
    try {
      this.#makeFolder(dirname(path))
      writeFileSync(temporary, content, { flush: durable })
      renameSync(temporary, path)
      if (durable) await this.directory.sync(dirname(path))
    } catch (error) {
      throw storeError(this.url, 'write of a note', error)
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return readFileSync(this.#path(key))
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return undefined
      throw storeError(this.url, 'read of a note', error)
    }
  }

  async *list(folder: string): AsyncIterable<Note> {
    for (const name of this.#entries(folder)) {
      const key = `${folder}/${name}`
      const found = statSync(this.#path(key), { throwIfNoEntry: false })
      if (found?.isFile()) yield { key, writtenAt: found.mtime }
    }
  }

  async folders(folder: string): Promise<readonly string[]> {
    return this.#entries(folder)
  }

  async delete(key: string): Promise<void> {
    try {
      unlinkSync(this.#path(key))
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw storeError(this.url, 'delete of a note', error)
    }
  }

  /** The directory of the store is not made: a note must not make a store. */
  #makeFolder(path: string): void {
    const parent = dirname(path)
    if (existsSync(path)) return
    if (parent !== this.directory.root) this.#makeFolder(parent)
    try {
      mkdirSync(path)
    } catch (error) {
      if (!failedWith(error, 'EEXIST')) throw error
    }
  }

  #path(key: string): string {
    return join(this.directory.root, key)
  }

  #entries(folder: string): string[] {
    try {
      return readdirSync(this.#path(folder))
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return []
      throw storeError(this.url, 'list of notes', error)
    }
  }
}
