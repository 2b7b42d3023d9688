import { DistError } from '@dist/errdefs'

/** The hash tag that all keys begin with: a cluster keeps them in one slot, where scripts may use several. */
export const defaultPrefix = '{dist}'

/** Throws `INVALID_ARGUMENT` for a prefix that a cluster would spread over its slots. */
export function checkPrefix(prefix: string): string {
  if (/^\{[^{}]+\}[\w.:-]*$/.test(prefix)) return prefix
  throw new DistError('INVALID_ARGUMENT', 'a prefix of Redis keys begins with a hash tag, such as {dist}')
}
