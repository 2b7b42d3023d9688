import { DistError } from '@dist/errdefs'
import { formatReference, parseReference, type Reference } from '@dist/reference'
import type { Context } from '../context.js'
import { compact } from '../input/compact.js'
import { readLines } from '../input/stdin.js'

/** References, each once, in the order in which they were added. Each takes the memory of its name. */
export class References implements Iterable<Reference> {
  readonly #names = new Set<string>()

  get size(): number {
    return this.#names.size
  }

  /** Formatted. */
  get names(): Iterable<string> {
    return this.#names
  }

  add(reference: Reference): void {
    this.#names.add(compact(formatReference(reference)))
  }

  *[Symbol.iterator](): Iterator<Reference> {
    for (const name of this.#names) yield parseReference(name)
  }
}

/**
 * The references of arguments and files (`-` is stdin). A file has a reference in each line; `#` starts a comment, and blank
 * lines are ignored. All lines are read and checked before the first reference is used. Throws `INVALID_ARGUMENT` with file
 * and line.
 */
export async function readReferences(
  context: Context,
  texts: readonly string[],
  files: readonly string[],
): Promise<References> {
  const references = new References()
  for (const text of texts) references.add(parseReference(text))
  for (const file of new Set(files)) await addLines(context, file, references)
  return references
}

async function addLines(context: Context, file: string, references: References): Promise<void> {
  let first: string | undefined
  let more = -1
  for await (const { text, where } of readLines(context, file)) {
    try {
      references.add(parseReference(text))
    } catch (error) {
      first ??= `${where}: ${(error as Error).message}`
      more++
    }
  }
  if (first === undefined) return
  const others = more > 0 ? ` (and ${more} more lines that are not a reference)` : ''
  throw new DistError('INVALID_ARGUMENT', `${first}${others}`)
}
