import { DistError } from '@dist/errdefs'
import type * as z from 'zod'

/** The value as its schema has it. Throws `INVALID_ARGUMENT`, with `where` it is wrong. */
export function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = [where, ...(issue?.path ?? [])].join('.')
  throw new DistError('INVALID_ARGUMENT', `${path}: ${issue?.message ?? 'not valid'}`)
}
