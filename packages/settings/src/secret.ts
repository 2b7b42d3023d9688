import { readFile } from 'node:fs/promises'
import { DistError, errnoOf } from '@dist/errdefs'

/** A secret is a line, not a book: what is longer is another file. */
const longest = 64 * 1024

/** The text of a file with a secret, without the line's end. Throws `INVALID_ARGUMENT` naming who named the file. */
export async function readSecret(path: string, from: string): Promise<string> {
  const invalid = (why: string, cause?: unknown) =>
    new DistError('INVALID_ARGUMENT', `${from}: ${path} ${why}`, { cause })
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(`cannot be read (${errnoOf(cause) ?? 'unknown'})`, cause)
  })
  if (content.length > longest) throw invalid('is too long for a secret')
  const text = content.replace(/\r?\n$/, '')
  if (text === '') throw invalid('is empty')
  return text
}
