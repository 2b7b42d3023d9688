import { DistError } from '@dist/errdefs'

/** The hash tag that all keys begin with. A cluster keeps such keys in one slot, as a script with several keys needs. */
export const defaultPrefix = '{dist}'

/** Throws `INVALID_ARGUMENT` for a prefix without a hash tag: a cluster would spread its keys over several slots. */
export function checkPrefix(prefix: string): string {
  if (/^\{[^{}]+\}[\w.:-]*$/.test(prefix)) return prefix
  throw new DistError(
    'INVALID_ARGUMENT',
    'redis key prefix: no hash tag at its beginning; write one, such as {dist}',
  )
}
