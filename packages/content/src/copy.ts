import { throwIfAborted } from '@dist/errdefs'
import type { Info, Writer } from './content.js'

export interface CopyOptions {
  signal?: AbortSignal | undefined
  /** Called after each chunk with the bytes written so far, those of earlier attempts included. */
  onProgress?: ((offset: number) => void) | undefined
  /** Awaited after the body is written, before it is verified and committed. An error ends the write. */
  onArrived?: (() => Promise<void>) | undefined
}

/** Writes a body completely and commits. The caller disposes of the writer. */
export async function copyContent(
  writer: Writer,
  body: AsyncIterable<Uint8Array>,
  options: CopyOptions = {},
): Promise<Info> {
  for await (const chunk of body) {
    throwIfAborted(options.signal)
    await writer.write(chunk)
    options.onProgress?.(writer.status.offset)
  }
  throwIfAborted(options.signal)
  await options.onArrived?.()
  return writer.commit()
}
