import { DistError, redactUrl, sanitize } from '@dist/errdefs'

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** How many redirects one request follows. */
export const maxRedirects = 5

export function isRedirect(status: number): boolean {
  return redirectStatuses.has(status)
}

/** Whether a redirect keeps the method and the body of what it answers. The others turn it into a GET. */
export function keepsMethod(status: number): boolean {
  return status === 307 || status === 308
}

/** Whether no host can have the name: it would fill the screen. */
export function isTooLong({ hostname }: URL): boolean {
  return hostname.length > 255
}

/**
 * Where a redirect leads, or another answer that says where to go on. Throws `MALFORMED` for one that leads nowhere, to another scheme than http(s), or from
 * https to http: the last would hand the content, and whoever reads it, to anybody on the way.
 */
export function redirectTarget(location: string | undefined, from: URL, what: string): URL {
  const refuse = (why: string) => new DistError('MALFORMED', `${what}: ${from.host} redirects ${why}`)
  if (location === undefined) throw refuse('without saying where')
  let target: URL
  try {
    target = new URL(location, from)
  } catch {
    throw refuse('to what is no URL')
  }
  if (isTooLong(target)) throw refuse('to a host whose name is too long')
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    throw refuse(`to the scheme ${target.protocol.slice(0, 20)}, which is not followed`)
  if (from.protocol === 'https:' && target.protocol === 'http:')
    throw refuse(`from https to plain http (${sanitize(redactUrl(target), 300)}), which is refused`)
  return target
}
