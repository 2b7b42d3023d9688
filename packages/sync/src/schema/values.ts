import { DistError } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import { parsePrefix, parseTag } from '@dist/reference'
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
export const host = checked(checkHost)

function checkHost(value: string): void {
  if (value.includes('/'))
    throw new DistError('INVALID_ARGUMENT', 'a host is expected, such as registry.example.com:5000')
  parsePrefix(value)
}

/** One value, or a list of values. */
export function oneOrMore<T extends z.ZodType<string, string>>(value: T) {
  return z.union([value, list(value)], 'a text or a list of texts is expected')
}

export function list<T extends z.ZodType<string, string>>(value: T) {
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

/** Under `tags`, plain booleans keep their spelling: a tag may be called `true`. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], 'true or false is expected')
  .transform((value) => value === true || value === 'true')

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, `${values.slice(0, -1).join(', ')} or ${values.at(-1)} is expected`)
}

/** A map with exactly these keys. A mistake in a key names those that are allowed. */
export function section<const Shape extends z.ZodRawShape>(shape: Shape) {
  const allowed = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `unknown key ${keys?.join(', ')}: allowed are ${allowed}`
        : 'a map is expected',
  })
}
