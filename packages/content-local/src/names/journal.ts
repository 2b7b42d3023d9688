import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { failedWith } from '../files/errors.js'
import { closeAfter, writeAll } from '../files/write.js'
import type { StoreDirectory } from '../store-directory.js'
import { type Batches, type Change, formatBatch, parseBatches } from './change.js'
import { versionOf } from './file-version.js'

/** How far the journal has been read. */
export interface Position {
  /** Changes with every write of the file; empty if there is no file. */
  readonly version: string
  /** Identifies the file; undefined if there is none. */
  readonly ino: bigint | undefined
  /** Bytes of complete lines. */
  readonly size: number
  /** The last of these bytes. They are unique, because each line ends with an id. */
  readonly tail: Buffer
}

/** Before the first line. */
export const beginning: Position = { version: '', ino: undefined, size: 0, tail: Buffer.alloc(0) }

const tailSize = 64

/** The file of changes that are not in `index.json` yet. Every append adds a line. */
export class Journal {
  readonly #path: string

  constructor(private readonly directory: StoreDirectory) {
    this.#path = join(directory.root, 'names.journal')
  }

  /** The version of the file now; empty if there is none. */
  version(): string {
    const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? '' : versionOf(stat)
  }

  /**
   * The changes after a position, and the position after them. Undefined if the file is not a continuation of what was read
   * before: it was removed, or a line was taken back. Throws as `parseBatches`.
   */
  read(after: Position): { changes: Batches['changes']; position: Position } | undefined {
    let fd: number
    try {
      fd = openSync(this.#path, 'r')
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error
      return after.ino === undefined ? { changes: [], position: beginning } : undefined
    }
    try {
      const stat = fstatSync(fd, { bigint: true })
      const from = after.size - after.tail.byteLength
      if ((after.ino !== undefined && after.ino !== stat.ino) || stat.size < after.size) return undefined
      const bytes = readFrom(fd, from, Number(stat.size) - from)
      if (!bytes.subarray(0, after.tail.byteLength).equals(after.tail)) return undefined
      const { changes, size } = parseBatches(bytes.subarray(after.tail.byteLength), this.#path)
      const read = bytes.subarray(0, after.tail.byteLength + size)
      const position = {
        version: versionOf(stat),
        ino: stat.ino,
        size: from + read.byteLength,
        tail: tailOf(read),
      }
      return { changes, position }
    } finally {
      closeSync(fd)
    }
  }

  /**
   * Adds changes in one line after a position, the end of the complete lines. Durable when it resolves. A failure takes the
   * line back. The lock of the names must be held.
   */
  async append(changes: readonly Change[], end: Position): Promise<Position> {
    const { files, root } = this.directory
    const line = formatBatch(changes, randomUUID())
    const isNew = end.ino === undefined
    const fd = await files.open(this.#path, isNew ? 'wx' : 'r+')
    try {
      let version = ''
      let ino: bigint | undefined
      await closeAfter(files, fd, async () => {
        // An incomplete last line, of a crash or a full disk.
        if (fstatSync(fd).size > end.size) await files.truncate(fd, end.size)
        await writeAll(files, fd, [line], end.size)
        await files.fsync(fd)
        const stat = fstatSync(fd, { bigint: true })
        ;[version, ino] = [versionOf(stat), stat.ino]
      })
      if (isNew) await this.directory.sync(root)
      return { version, ino, size: end.size + line.byteLength, tail: tailOf(line) }
    } catch (error) {
      await this.#takeBack(end).catch(() => {})
      throw error
    }
  }

  /** Removes the file, once `index.json` has all its changes. After a crash before that, they change nothing again. */
  async remove(): Promise<void> {
    await this.directory.files.unlink(this.#path)
  }

  async #takeBack({ ino, size }: Position): Promise<void> {
    const { files } = this.directory
    if (ino === undefined) return await files.unlink(this.#path)
    const fd = await files.open(this.#path, 'r+')
    await closeAfter(files, fd, () => files.truncate(fd, size))
  }
}

function tailOf(bytes: Buffer): Buffer {
  // A copy, which does not keep the whole read in memory.
  return Buffer.from(bytes.subarray(-tailSize))
}

function readFrom(fd: number, from: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  let length = 0
  while (length < size) {
    const count = readSync(fd, bytes, length, size - length, from + length)
    if (count === 0) break
    length += count
  }
  return bytes.subarray(0, length)
}
