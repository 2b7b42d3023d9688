import { DistError, sanitize } from '@dist/errdefs'
import type { Response } from './http/exchange.js'
import { readWhole } from './manifest.js'
import type { Operation } from './request/operation.js'
import type { RegistryRequest } from './request/send.js'

const maxPages = 1_000

export interface Page {
  readonly response: Response
  readonly content: Uint8Array
}

/**
 * The pages of a list: its first answer, then one request for each further page. `Link` is followed as it is, because some
 * registries (ECR) refuse a `last` made by the client. Throws `RESOURCE_EXHAUSTED` above 1,000 pages: a registry may
 * always name another page.
 */
export async function* pagesFrom(
  operation: Operation,
  request: RegistryRequest,
  first: Response,
): AsyncGenerator<Page, void> {
  const { what } = operation
  let response = first
  for (let pages = 1; ; pages++) {
    const content = await readWhole(response, what)
    const next = nextPage(response, what)
    yield { response, content }
    if (next === undefined) return
    if (pages === maxPages) throw new DistError('RESOURCE_EXHAUSTED', `${what}: more than ${maxPages} pages`)
    response = await operation.send({ ...request, target: { url: next, own: true } })
  }
}

/**
 * The URL of the next page of a list (RFC 8288), or undefined. Throws `MALFORMED` for another origin (R25): the next
 * request carries the login, and its answer counts as the registry's own.
 */
function nextPage({ headers, url: from }: Response, what: string): URL | undefined {
  const links = headers.link === undefined ? [] : [headers.link].flat()
  const match = /<([^<>]*)>[^,<]*;\s*rel="?next"?/i.exec(links.join(', '))
  if (match?.[1] === undefined) return undefined
  if (!URL.canParse(match[1], from.href))
    throw new DistError('MALFORMED', `${what}: next page is not a URL (${from.host})`)
  const url = new URL(match[1], from)
  if (url.origin === from.origin) return url
  throw new DistError(
    'MALFORMED',
    `${what}: next page at another host refused (${from.host}): ${sanitize(url.origin, 100)}`,
  )
}
