import fs from 'node:fs'

/**
 * The system calls on the way of a blob into the store: what a full or a failing disk can refuse. Paths are
 * absolute, `fd` is a file descriptor.
 */
export interface FileOperations {
  /** `wx` creates and fails on what exists, `r+` opens to write, `r` to read. */
  open(path: string, flags: 'wx' | 'r+' | 'r'): Promise<number>
  /** May write less than it was given, as the system call does. Resolves to the bytes written. */
  writev(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number>
  truncate(fd: number, size: number): Promise<void>
  fsync(fd: number): Promise<void>
  close(fd: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

/** Bytes that one call hands to the kernel's cache sooner than to another thread. */
const quickSize = 64 * 1024

// What only touches the kernel's cache is synchronous: some 10 microseconds, where a trip through the thread pool costs
// five times that in processor time, and several threads at work in one directory spin on its lock. What waits for
// the disk (fsync, large writes) goes to the pool, by the callback functions: FileHandle costs twice as much.
export const nodeFiles: FileOperations = {
  open: async (path, flags) => fs.openSync(path, flags),
  writev: (fd, chunks, position) => {
    if (sizeOf(chunks) <= quickSize) return quickWritev(fd, chunks, position)
    return call((done) => {
      fs.writev(fd, chunks as Uint8Array[], position, (error, written) => done(error, written))
    })
  },
  truncate: (fd, size) => call((done) => fs.ftruncate(fd, size, done)),
  fsync: (fd) => call((done) => fs.fsync(fd, done)),
  close: async (fd) => fs.closeSync(fd),
  rename: async (from, to) => fs.renameSync(from, to),
  unlink: async (path) => fs.unlinkSync(path),
}

async function quickWritev(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number> {
  return fs.writevSync(fd, chunks as Uint8Array[], position)
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}

function call<T>(start: (done: (error: Error | null | undefined, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)))
  })
}

/** Writes all chunks from `position` on, however little each call takes. */
export async function writeAll(
  files: FileOperations,
  fd: number,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = chunks.filter((chunk) => chunk.byteLength > 0)
  let at = position
  while (rest.length > 0) {
    const written = await files.writev(fd, rest, at)
    at += written
    rest = without(rest, written)
  }
}

function without(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written
  let index = 0
  for (; index < chunks.length; index++) {
    const length = chunks[index]?.byteLength ?? 0
    if (skip < length) break
    skip -= length
  }
  const rest = chunks.slice(index)
  if (skip > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(skip)
  return rest
}
