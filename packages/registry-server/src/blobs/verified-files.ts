import { fstat as fstatWithCallback, read as readWithCallback, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { DistError, errnoOf } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester } from '@dist/oci'
import { damaged } from './damaged.js'

const fstat = promisify(fstatWithCallback)

/** A file of the store that is open. */
export interface OpenFile extends AsyncDisposable {
  readonly fd: number
  readonly digest: Digest
  readonly size: number
  /** Whether this process has hashed this very file. */
  readonly isVerified: boolean
  /** To be called when it has been hashed. Throws `FAILED_PRECONDITION` for another digest. */
  settle(digest: Digest): void
}

/** The most files of which it is remembered that they are what they are called. */
const maxRemembered = 100_000
const chunkSize = 512 * 1024

/**
 * The content of a store in files. A file is hashed when this process first serves it, and again when its size, its time of
 * modification or its inode is another one.
 */
export class VerifiedFiles {
  /** By digest, the oldest first: the identity of the file, and whether it was right. */
  readonly #known = new Map<Digest, { readonly identity: string; readonly isRight: boolean }>()
  readonly #verifying = new Map<Digest, Promise<void>>()

  constructor(private readonly pathOf: (digest: Digest) => string) {}

  /** Opens the file of a blob. Throws `NOT_FOUND`, and `FAILED_PRECONDITION` for one that is known to be wrong. */
  async open(digest: Digest, size: number): Promise<OpenFile> {
    const handle = await openFile(this.pathOf(digest), digest)
    try {
      const stats = await fstat(handle.fd)
      if (!stats.isFile()) throw missing(digest)
      if (stats.size !== size) throw damaged(digest, `it has ${stats.size} bytes, expected ${size}`)
      const known = this.#known.get(digest)
      const identity = identityOf(stats)
      const isKnown = known?.identity === identity
      if (isKnown && !known.isRight) throw damaged(digest, 'its bytes have another digest')
      return {
        fd: handle.fd,
        digest,
        size,
        isVerified: isKnown,
        settle: (actual) => this.#settle(digest, identity, actual),
        [Symbol.asyncDispose]: () => handle.close(),
      }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Hashes a file that has not been. Concurrent calls share one. Throws `FAILED_PRECONDITION`. */
  verify(file: OpenFile): Promise<void> {
    let verifying = this.#verifying.get(file.digest)
    if (verifying === undefined) {
      verifying = hashFile(file).finally(() => this.#verifying.delete(file.digest))
      this.#verifying.set(file.digest, verifying)
    }
    return verifying
  }

  #settle(digest: Digest, identity: string, actual: Digest): void {
    const isRight = actual === digest
    this.#known.delete(digest)
    this.#known.set(digest, { identity, isRight })
    const [oldest] = this.#known.keys()
    if (this.#known.size > maxRemembered && oldest !== undefined) this.#known.delete(oldest)
    if (!isRight) throw damaged(digest, 'its bytes have another digest')
  }
}

/** Reads into a buffer from a position on; resolves to the number of bytes. Throws `FAILED_PRECONDITION` at the end of the file. */
export function readAt(
  { fd, digest }: OpenFile,
  buffer: Buffer,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    readWithCallback(fd, buffer, 0, length, position, (error, count) => {
      if (error !== null) reject(unreadable(digest, error))
      else if (count === 0) reject(damaged(digest, `it ends after ${position} bytes`))
      else resolve(count)
    })
  })
}

async function hashFile(file: OpenFile): Promise<void> {
  const digester = new Digester(algorithmOf(file.digest))
  const buffer = Buffer.allocUnsafeSlow(Math.min(chunkSize, Math.max(1, file.size)))
  while (digester.size < file.size) {
    const length = Math.min(buffer.byteLength, file.size - digester.size)
    digester.update(buffer.subarray(0, await readAt(file, buffer, length, digester.size)))
  }
  file.settle(digester.digest())
}

async function openFile(path: string, digest: Digest): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? missing(digest) : unreadable(digest, error)
  }
}

function identityOf({ size, mtimeMs, ino }: Stats): string {
  return `${size} ${mtimeMs} ${ino}`
}

function missing(digest: Digest): DistError {
  return new DistError('NOT_FOUND', `${digest} is not in the store`)
}

function unreadable(digest: Digest, cause: unknown): DistError {
  const why = errnoOf(cause) ?? 'unknown error'
  return new DistError('INTERNAL', `${digest}: the file of the store cannot be read (${why})`, { cause })
}
