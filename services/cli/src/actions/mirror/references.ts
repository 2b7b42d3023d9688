import { readFile } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import { abortError, DistError, sanitize } from '@dist/errdefs'
import { formatReference, parseReference, type Reference } from '@dist/reference'
import type { Context } from '../../context.js'
import { fileError } from '../../file-error.js'

/**
 * The references that are given as arguments and in files (`-` is stdin), each once, in their order. A file has one a
 * line; `#` begins a comment, and blank lines are left out. Throws `INVALID_ARGUMENT`, with file and line, before
 * anything is sent.
 */
export async function readReferences(
  context: Context,
  texts: readonly string[],
  files: readonly string[],
): Promise<Reference[]> {
  const found = new Map<string, Reference>()
  const add = (reference: Reference) => found.set(formatReference(reference), reference)
  for (const text of texts) add(parseReference(text))
  for (const file of new Set(files)) for (const reference of await referencesIn(context, file)) add(reference)
  return [...found.values()]
}

async function referencesIn(context: Context, file: string): Promise<Reference[]> {
  const text = file === '-' ? await readStdin(context) : await readText(file)
  const references: Reference[] = []
  const bad: string[] = []
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const written = line.replace(/(^|\s)#.*$/, '').trim()
    if (written === '') continue
    try {
      references.push(parseReference(written))
    } catch (error) {
      bad.push(`${nameOf(file)}:${i + 1}: ${(error as Error).message}`)
    }
  }
  if (bad.length === 0) return references
  const more = bad.length > 1 ? ` (and ${bad.length - 1} more lines that are no reference)` : ''
  throw new DistError('INVALID_ARGUMENT', `${bad[0]}${more}`)
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

function nameOf(file: string): string {
  return file === '-' ? 'stdin' : sanitize(file)
}
