import type { z } from 'zod'
import type { Mistake } from './document/node.js'
import { type Language, parseDocument } from './document/read.js'
import { explain } from './schema/explain.js'
import { plainValue } from './schema/plain.js'

/** The value of a document, or its mistakes with line and column. */
export type CheckedDocument<T> = { readonly value: T } | { readonly mistakes: readonly Mistake[] }

/** Checks the text of another file than a mirror file against a schema, with messages of the same form. Never throws for the text. */
export async function checkDocument<T>(
  text: string,
  language: Language,
  schema: z.ZodType<T>,
): Promise<CheckedDocument<T>> {
  const parsed = await parseDocument(text, language)
  if ('mistakes' in parsed) return parsed
  const plain = plainValue(parsed.root)
  if ('mistake' in plain) return { mistakes: [plain.mistake] }
  const { data, error } = schema.safeParse(plain.value)
  return error === undefined ? { value: data as T } : { mistakes: explain(parsed.root, error) }
}
