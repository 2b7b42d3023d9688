import { createReadStream, fstatSync, readFileSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { abortError, sanitize } from '@dist/errdefs'
import type { Context } from '../context.js'
import { fileError } from '../errors/errors.js'

/** The input of a command. */
export interface Input {
  /** A file: it can be read from any offset, and again. */
  readonly seekable: boolean
  /** The bytes from an offset on; only 0 if stdin is not seekable. Iterating throws `CANCELED` when the signal aborts. */
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
 * The current offset of a file descriptor: not 0 if another command of the shell's group has read before. Undefined for
 * what is not a file, or if the system does not provide it.
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

/** A line of a file, with its position: `refs.txt:3`. */
export interface Line {
  readonly text: string
  readonly where: string
}

/**
 * The lines of a file (`-` is stdin), as they come, without blank lines and comments. A comment starts with `#` at the start
 * of a line or after a blank. Throws `INVALID_ARGUMENT` or `PERMISSION_DENIED` for a file that cannot be read, and `CANCELED`
 * when the signal aborts.
 */
export async function* readLines(context: Context, file: string): AsyncIterable<Line> {
  const name = shownFile(file)
  let number = 0
  for await (const line of linesOf(textOf(context, file))) {
    const text = line.replace(/(^|\s)#.*$/, '').trim()
    number++
    if (text !== '') yield { text, where: `${name}:${number}` }
  }
}

async function* linesOf(texts: AsyncIterable<string>): AsyncIterable<string> {
  let rest = ''
  for await (const text of texts) {
    const lines = text.split('\n')
    lines[0] = rest + lines[0]
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.replace(/\r$/, '')
  }
  yield rest.replace(/\r$/, '')
}

/** The text of a file (`-` is stdin), without its byte order mark. Throws as `readLines`. */
export async function readText(context: Context, file: string): Promise<string> {
  let whole = ''
  for await (const text of textOf(context, file)) whole += text
  return whole
}

async function* textOf(context: Context, file: string): AsyncIterable<string> {
  const { stdin, signal } = context
  const decoder = new TextDecoder()
  try {
    const bytes = abortable(file === '-' ? stdin : createReadStream(file), signal)
    for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true })
    yield decoder.decode()
  } catch (cause) {
    throw file === '-' || signal.aborted ? cause : fileError(file, 'read', cause)
  }
}

/** A file in messages: `-` is stdin. */
export function shownFile(file: string): string {
  return file === '-' ? 'stdin' : sanitize(file)
}

/** All of stdin as text. Throws `CANCELED` through the signal. */
export async function readStdin({ stdin, signal }: Context): Promise<string> {
  addAbortSignal(signal, stdin)
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  } catch (error) {
    throw signal.aborted ? abortError(signal) : error
  }
  return Buffer.concat(chunks).toString('utf8')
}
