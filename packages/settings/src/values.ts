import { DistError } from '@dist/errdefs'
import { parsePrefix } from '@dist/reference'
import { parseNet } from '@dist/remotes'
import * as z from 'zod'
import { type ListenAddress, parseDuration, parseListen, parseSize } from './units.js'

/** A value that `parse` reads. `expected` is the message when `parse` returns undefined. */
function parsed<T>(parse: (text: string) => T | undefined, expected: string) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const result = parse(String(value).trim())
    if (result !== undefined) return result
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
}

/** A whole number from 1 to `max`. */
export const count = (max: number) =>
  parsed((text) => {
    const number = /^\d+$/.test(text) ? Number(text) : 0
    return number >= 1 && number <= max ? number : undefined
  }, `a whole number from 1 to ${max} is expected`)

/** A rate: a number above 0, at most 100,000, with up to three decimals. */
export const perSecond = parsed((text) => {
  const number = /^\d+(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0
  return number > 0 && number <= 100_000 ? number : undefined
}, 'a number of requests per second such as 50 or 0.5 is expected')

/** A whole number from 0 to `max`. */
export const amount = (max: number) =>
  parsed((text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : -1
    return number >= 0 && number <= max ? number : undefined
  }, `a whole number from 0 to ${max} is expected`)

/** Bytes. `shown` is the minimum as users write it. */
export const size = (min: number, shown: string) =>
  parsed((text) => {
    const bytes = parseSize(text)
    return bytes !== undefined && bytes >= min ? bytes : undefined
  }, `a size of at least ${shown}, such as 256MiB, is expected`)

/** Milliseconds. */
export const duration = parsed(parseDuration, 'a duration such as 30s or 1m30s is expected')

export const listenAddress = parsed<ListenAddress>(
  parseListen,
  'host:port is expected, such as 127.0.0.1:9464',
)

export const text = z
  .string('a text is expected')
  .trim()
  .min(1, 'must not be empty')
  .max(4096, 'is longer than 4096 characters')

/** A password: spaces at its ends belong to it. */
export const secretText = z
  .string('a text is expected')
  .min(1, 'must not be empty')
  .max(4096, 'is longer than 4096 characters')

/** A list in a file, or a text with commas: `a,b`. */
const list = z.union([text.transform((value) => value.split(',').map((part) => part.trim())), z.array(text)])

export const paths = list

export const nets = list.refine(
  (texts) => texts.every((each) => parseNet(each) !== undefined),
  'addresses or networks such as 10.0.0.0/8 are expected',
)

/** The host of a registry, as in names of images. */
export const registryHost = text.refine((value) => {
  try {
    return parsePrefix(value).repository === ''
  } catch (error) {
    if (error instanceof DistError) return false
    throw error
  }
}, 'the host of a registry such as docker.io or 10.0.0.7:5000 is expected')

/** Bytes, or `never`. */
export const redirectSize = parsed<number | 'never'>(
  (text) => (text === 'never' ? text : parseSize(text)),
  'a size such as 1MiB, or never, is expected',
)

/** The address of a server without a path behind it. */
export const serverUrl = text.refine(
  (value) => /^https?:\/\/[^/@?#]+\/?$/.test(value) && URL.canParse(value),
  'http://host:port or https://host:port is expected',
)

export const redisUrl = text.refine(
  (value) => /^rediss?:\/\/[^/]/.test(value) && URL.canParse(value),
  'redis://host:port or rediss://host:port is expected',
)
