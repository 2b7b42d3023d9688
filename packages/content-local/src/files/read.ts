import { type FileHandle, open } from 'node:fs/promises'
import { DistError } from '@dist/errdefs'

const chunkSize = 1024 * 1024

/**
 * The bytes of a file from offset `from` up to, and without, `to`, in chunks of up to 1 MiB. The receiver owns the
 * chunks. Throws `INTERNAL` when the file ends before `to`.
 */
export async function* readRange(path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  if (from >= to) return
  const file = await open(path, 'r')
  try {
    for (let at = from; at < to; ) {
      const chunk = await readChunk(file, at, to)
      at += chunk.byteLength
      yield chunk
    }
  } finally {
    await file.close()
  }
}

async function readChunk(file: FileHandle, at: number, to: number): Promise<Uint8Array> {
  // A new buffer for each chunk, not from the shared pool: the receiver may keep or transfer it.
  const buffer = Buffer.allocUnsafeSlow(Math.min(chunkSize, to - at))
  const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at)
  if (bytesRead === 0)
    throw new DistError('INTERNAL', `file of the store: ends after ${at} bytes, expected ${to}`)
  return bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead)
}
