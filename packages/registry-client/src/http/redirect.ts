import { DistError, redactUrl, sanitize } from '@dist/errdefs'

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Redirects that one request follows. */
export const maxRedirects = 5

export function isRedirect(status: number): boolean {
  return redirectStatuses.has(status)
}

/** Whether a redirect keeps the method and the body of the request. Other redirects change it to a GET. */
export function keepsMethod(status: number): boolean {
  return status === 307 || status === 308
}

/** Whether the host name exceeds the limit of DNS. */
export function isTooLong({ hostname }: URL): boolean {
  return hostname.length > 255
}

/**
 * The URL in the `Location` of a redirect or an upload. Throws `MALFORMED` without a URL, for another scheme than http(s), and
 * for a step from https to http, which would expose the content to the network (R24).
 */
export function redirectTarget(location: string | undefined, from: URL, what: string): URL {
  const refuse = (why: string) =>
    new DistError('MALFORMED', `${what}: redirect refused (${from.host}): ${why}`)
  if (location === undefined) throw refuse('no Location header')
  let target: URL
  try {
    target = new URL(location, from)
  } catch {
    throw refuse('Location is not a URL')
  }
  if (isTooLong(target)) throw refuse('host name too long')
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    throw refuse(`scheme ${target.protocol.slice(0, 20)} is not http(s)`)
  if (from.protocol === 'https:' && target.protocol === 'http:')
    throw refuse(`from https to plain http at ${sanitize(redactUrl(target), 300)}`)
  return target
}
