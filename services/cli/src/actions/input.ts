import { createReadStream, fstatSync, readFileSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { abortError } from '@dist/errdefs'
import type { Context } from '../context.js'

/** What comes through stdin. */
export interface Input {
  /** A file: it can be read from any place, and again. */
  readonly seekable: boolean
  /** The bytes from an offset on; only 0 where stdin is not seekable. Iterating throws `CANCELED` on a signal. */
  from(offset: number): AsyncIterable<Uint8Array>
}

const chunkSize = 1024 * 1024

export function openInput(context: Context): Input {
  const { stdin, signal } = context
  const { fd } = stdin
  const start = fd === undefined ? undefined : startOfFile(fd)
  if (fd === undefined || start === undefined)
    return { seekable: false, from: () => abortable(stdin, signal) }
  const from = (offset: number) => {
    const options = { fd, start: start + offset, autoClose: false, highWaterMark: chunkSize }
    return abortable(createReadStream('', options), signal)
  }
  return { seekable: true, from }
}

/**
 * Where a file on this descriptor would be read from now: not its beginning where another command of the shell's
 * group has read before us. Undefined for what is no file, or where the system does not tell.
 */
function startOfFile(fd: number): number | undefined {
  if (!fstatSync(fd).isFile()) return undefined
  try {
    const position = /^pos:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
    return position === undefined ? undefined : Number(position)
  } catch {
    return undefined
  }
}

async function* abortable(stream: Readable, signal: AbortSignal): AsyncIterable<Uint8Array> {
  addAbortSignal(signal, stream)
  try {
    yield* stream as AsyncIterable<Uint8Array>
  } catch (error) {
    throw signal.aborted ? abortError(signal) : error
  }
}
