import fs from 'node:fs'

/** The system calls of a write, so that tests can make each of them fail. Paths are absolute, `fd` is a file descriptor. */
export interface FileOperations {
  /** `wx` creates a new file, `r+` opens one to write, `r` to read. */
  open(path: string, flags: 'wx' | 'r+' | 'r'): Promise<number>
  /** Resolves to the bytes written. May write less than all chunks, as the system call does. */
  writev(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number>
  truncate(fd: number, size: number): Promise<void>
  fsync(fd: number): Promise<void>
  close(fd: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

/** Up to this many bytes a synchronous write to the page cache is faster than the thread pool. */
const quickSize = 64 * 1024

// Calls that only use the page cache are synchronous. They take about 10 microseconds; the thread pool costs five times
// that in processor time, and its threads contend for the lock of the directory. Calls that wait for the disk (fsync,
// large writes) use the pool, by the callback API: FileHandle costs twice as much.
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
