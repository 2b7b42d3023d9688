import { DistError } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import { parseTag } from '@dist/reference'
import { checkPattern, checkTimeZone, parseEvery } from '@dist/schedule'
import * as z from 'zod'
import { parseDestination } from '../place/destination.js'
import { parseSource } from '../place/source.js'
import { compileGlob, compilePathGlob, compileRegex } from '../select/pattern.js'
import { compileRange } from '../select/range.js'
import { parseSince } from '../select/since.js'

export const text = z
  .string('a text is expected')
  .min(1, { error: 'must not be empty', abort: true })
  .max(4096, { error: 'is longer than 4096 characters', abort: true })

/** A text that `check` accepts. The message of its error says what is allowed. */
function checked(check: (value: string) => unknown) {
  return text.check((context) => {
    try {
      check(context.value)
    } catch (error) {
      if (!(error instanceof DistError)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: context.value })
    }
  })
}

export const source = checked(parseSource)
export const destination = checked(parseDestination)
export const tag = checked((value) => parseTag(value))
export const tagGlob = checked(compileGlob)
export const pathGlob = checked(compilePathGlob)
export const regex = checked(compileRegex)
export const range = checked(compileRange)
export const since = checked(parseSince)
export const platform = checked(parsePlatform)
export const cronPattern = checked(checkPattern)
export const timeZone = checked(checkTimeZone)
export const interval = checked(parseEvery)

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
