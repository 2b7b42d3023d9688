import { DistError } from '@dist/errdefs'
import { formatReference, parseReference, type Reference } from '@dist/reference'
import type { Context } from '../context.js'
import { readLines } from '../input/stdin.js'

/**
 * The references of arguments and files (`-` is stdin), each once, in their order. A file has a reference in each line; `#`
 * starts a comment, and blank lines are ignored. Throws `INVALID_ARGUMENT` with file and line.
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
  const references: Reference[] = []
  const bad: string[] = []
  for (const { text, where } of await readLines(context, file)) {
    try {
      references.push(parseReference(text))
    } catch (error) {
      bad.push(`${where}: ${(error as Error).message}`)
    }
  }
  if (bad.length === 0) return references
  const more = bad.length > 1 ? ` (and ${bad.length - 1} more lines that are not a reference)` : ''
  throw new DistError('INVALID_ARGUMENT', `${bad[0]}${more}`)
}
