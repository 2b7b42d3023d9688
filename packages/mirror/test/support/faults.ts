import { DistError } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import type { Fetched } from '@dist/remotes'

/** One request for content, with the bytes of a correct answer. */
export interface Request {
  readonly desc: Descriptor
  /** All of the content. */
  readonly content: Uint8Array
  readonly offset: number
  readonly signal: AbortSignal | undefined
}

/** The faulty answer to one request. */
export type Fault = (request: Request) => Promise<Fetched>

const chunkSize = 512

/** A correct body: the content from the offset on, in chunks, until the signal aborts. */
export function soundly({ content, offset, signal }: Request): Fetched {
  return { offset, from: 'registry.test', body: chunks(content.slice(offset), signal) }
}

async function* chunks(content: Uint8Array, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  for (let start = 0; start < content.byteLength; start += chunkSize) {
    signal?.throwIfAborted()
    yield content.slice(start, start + chunkSize)
  }
}

export const resetError = () => new DistError('UNAVAILABLE', 'the connection was reset')

export const failing =
  (error: Error): Fault =>
  async () => {
    throw error
  }

/** Sends so many bytes from the requested offset, then fails. */
export const resetAfter =
  (bytes: number, error: Error = resetError()): Fault =>
  async ({ content, offset }) => ({ offset, body: cut(content.slice(offset, offset + bytes), error) })

/** Starts from 0 for any offset, sends so many bytes, then fails. */
export const restartAndReset =
  (bytes: number): Fault =>
  async ({ content }) => ({ offset: 0, body: cut(content.slice(0, bytes), resetError()) })

async function* cut(content: Uint8Array, error: Error): AsyncIterable<Uint8Array> {
  if (content.byteLength > 0) yield content
  throw error
}

/** Starts from 0 for any offset. */
export const restarting: Fault = async (request) => soundly({ ...request, offset: 0 })

/** Ends without an error, one byte early. */
export const short: Fault = async (request) => soundly({ ...request, content: request.content.slice(0, -1) })

/** Sends one byte too many. */
export const tooLong: Fault = async (request) =>
  soundly({ ...request, content: Buffer.concat([request.content, Uint8Array.of(0)]) })

/** Sends the right number of bytes, the last one flipped. */
export const flipped: Fault = async (request) => {
  const content = Buffer.from(request.content)
  content.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1)
  return soundly({ ...request, content })
}
