import { readFile } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import { abortError, sanitize } from '@dist/errdefs'
import type { Context } from '../context.js'
import { fileError } from '../file-error.js'

/** What a line of a file says, and where it stands: `refs.txt:3`. */
export interface Line {
  readonly text: string
  readonly where: string
}

/**
 * The lines of a file, `-` is stdin: without blank ones, and without comments, which begin with `#` at the start of a
 * line or behind a blank. Throws `INVALID_ARGUMENT` and `PERMISSION_DENIED` for a file that cannot be read.
 */
export async function readLines(context: Context, file: string): Promise<Line[]> {
  const content = file === '-' ? await readStdin(context) : await readText(file)
  const name = file === '-' ? 'stdin' : sanitize(file)
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ text: line.replace(/(^|\s)#.*$/, '').trim(), where: `${name}:${i + 1}` }))
    .filter(({ text }) => text !== '')
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw fileError(file, 'read', cause)
  }
}

async function readStdin({ stdin, signal }: Context): Promise<string> {
  addAbortSignal(signal, stdin)
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  } catch (error) {
    throw signal.aborted ? abortError(signal) : error
  }
  return Buffer.concat(chunks).toString('utf8')
}
