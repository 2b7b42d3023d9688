import { isDigest } from '@dist/oci'
import * as z from 'zod'

/** A time: `2026-01-31T12:00:00.000Z` in JSON. */
export const time = z.iso.datetime().transform((text) => new Date(text))

/** A time in a request. */
export const count = z.number().int().nonnegative()

/** Text of a query that is a number. */
export function whole(most: number) {
  return z.coerce.number().int().min(1).max(most)
}

/** The digest of content. */
export const digest = z
  .string()
  .max(200)
  .refine(isDigest, 'a digest is expected, such as sha256:<64 hex digits>')

/** Names one page behind another: as the page before has it. */
export const cursor = z.string().min(1).max(200)
