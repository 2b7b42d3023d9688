import { DistError, sanitize } from '@dist/errdefs'

/**
 * Where the next page of a list is (RFC 8288), or undefined. Throws `MALFORMED` for one at another host (R25): the next
 * request carries the login, and what it brings is taken for this registry's.
 */
export function nextPage(
  link: string | readonly string[] | undefined,
  from: URL,
  what: string,
): URL | undefined {
  const headers = link === undefined ? [] : [link].flat()
  const match = /<([^<>]*)>[^,<]*;\s*rel="?next"?/i.exec(headers.join(', '))
  if (match?.[1] === undefined) return undefined
  if (!URL.canParse(match[1], from.href))
    throw new DistError('MALFORMED', `${what}: ${from.host} names a next page that is no URL`)
  const url = new URL(match[1], from)
  if (url.origin === from.origin) return url
  throw new DistError(
    'MALFORMED',
    `${what}: ${from.host} names a next page at ${sanitize(url.origin, 100)}, which is refused`,
  )
}
