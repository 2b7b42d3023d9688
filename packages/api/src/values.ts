import * as z from 'zod'

/** A time: `2026-01-31T12:00:00.000Z` in JSON. */
export const time = z.iso.datetime().transform((text) => new Date(text))

/** A time in a request. */
export const count = z.number().int().nonnegative()

/** Text of a query that is a number. */
export function whole(most: number) {
  return z.coerce.number().int().min(1).max(most)
}

/** Names one page behind another: as the page before has it. */
export const cursor = z.string().min(1).max(200)
