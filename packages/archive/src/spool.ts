import { randomUUID } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Code, DistError, errnoOf, sanitize } from '@dist/errdefs'
import { type Digest, Digester } from '@dist/oci'

/** Content in an unlinked temporary file. The file is deleted when this object is disposed of or the process ends. */
export interface Spooled extends AsyncDisposable {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** From the first byte; can be called once. */
  read(): AsyncIterable<Uint8Array>
}

const chunkSize = 1024 * 1024

/**
 * Writes a body to a temporary file in a directory and computes its digest. Throws `RESOURCE_EXHAUSTED` if the disk is full,
 * `INVALID_ARGUMENT` and `PERMISSION_DENIED` if the directory cannot be written.
 */
export async function spool(body: AsyncIterable<Uint8Array>, folder: string): Promise<Spooled> {
  const path = join(folder, `dist-import-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600).catch((error: unknown) => {
    throw spoolError(folder, error)
  })
  try {
    await unlink(path)
    const digester = new Digester()
    for await (const chunk of body) {
      digester.update(chunk)
      await file.appendFile(chunk).catch((error: unknown) => {
        throw spoolError(folder, error)
      })
    }
    return {
      digest: digester.digest(),
      size: digester.size,
      read: () => file.createReadStream({ start: 0, autoClose: false, highWaterMark: chunkSize }),
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

const codes: Readonly<Record<string, Code>> = {
  ENOENT: 'INVALID_ARGUMENT',
  ENOTDIR: 'INVALID_ARGUMENT',
  EACCES: 'PERMISSION_DENIED',
  EROFS: 'PERMISSION_DENIED',
  ENOSPC: 'RESOURCE_EXHAUSTED',
  EDQUOT: 'RESOURCE_EXHAUSTED',
}

function spoolError(folder: string, cause: unknown): DistError {
  const errno = errnoOf(cause) ?? ''
  const message = `${folder}: cannot write a temporary file: ${errno || sanitize(String(cause))}`
  return new DistError(codes[errno] ?? 'INTERNAL', message, { cause })
}
