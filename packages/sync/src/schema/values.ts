import { parsePlatform } from '@dist/oci'
import { parseTag } from '@dist/reference'
import { checked } from '@dist/settings'
import * as z from 'zod'
import { parseDestination } from '../place/destination.js'
import { parseSource } from '../place/source.js'
import { compileGlob, compilePathGlob, compileRegex } from '../select/pattern.js'
import { compileRange } from '../select/range.js'
import { parseSince } from '../select/since.js'

export const source = checked(parseSource)
export const destination = checked(parseDestination)
export const tag = checked((value) => parseTag(value))
export const tagGlob = checked(compileGlob)
export const pathGlob = checked(compilePathGlob)
export const regex = checked(compileRegex)
export const range = checked(compileRange)
export const since = checked(parseSince)
export const platform = checked(parsePlatform)

const maxLimit = 100_000_000
const limitExpected = 'a share such as 20%, or a whole number from 1 on, is expected'

/** One value, or a list of values. */
export function oneOrMore<T extends z.ZodType<string, string>>(value: T) {
  return z.union([value, list(value)], 'a text or a list of texts is expected')
}

function list<T extends z.ZodType<string, string>>(value: T) {
  return z.array(value, 'a list is expected').min(1, 'must not be empty')
}

/** A whole number from 1 to `max`. */
export function count(max: number) {
  const expected = `a whole number from 1 to ${max} is expected`
  return z
    .union([z.int(), z.string().regex(/^[0-9]{1,9}$/, expected)], expected)
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, expected)
}

/** A share such as `20%`, or a whole number from 1 on. */
export const pruneLimit = z.union(
  [z.string().regex(/^(?:100|[1-9]?\d)%$/, limitExpected), count(maxLimit)],
  limitExpected,
)

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, `${values.slice(0, -1).join(', ')} or ${values.at(-1)} is expected`)
}
