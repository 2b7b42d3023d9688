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
  /** Writes a note, or replaces it. `durable`: it survives a crash of the machine. Default: false. */
  put(key: string, content: Uint8Array, options?: { durable?: boolean | undefined }): Promise<void>
  /** Undefined if there is none. */
  get(key: string): Promise<Uint8Array | undefined>
  /** The notes directly in a folder, in any order. None if the folder does not exist. */
  list(folder: string): AsyncIterable<Note>
  /** The folders in a folder. */
  folders(folder: string): Promise<readonly string[]>
  /** Deletes a note that may not exist. */
  delete(key: string): Promise<void>
}
