import { DistError, sanitize } from '@dist/errdefs'
import type { Response } from '../http/exchange.js'
import { readWhole } from '../manifest.js'
import type { Operation } from '../request/operation.js'
import type { RegistryRequest } from '../request/send.js'

const mostPages = 10_000

export interface Page {
  readonly response: Response
  readonly content: Uint8Array
}

export interface PagesOptions {
  /** Default: 10,000. */
  readonly maxPages?: number | undefined
  /** Bytes of a page. Default: the limit of manifests. */
  readonly maxSize?: number | undefined
  /** The URL of the next page, asked for after the page was yielded. Default: that of `Link` (RFC 8288). */
  readonly next?: ((response: Response) => string | undefined) | undefined
}

/**
 * The pages of a list: its first answer, then one request for each further page. The URL of the next page is followed as it
 * is, because some registries (ECR) refuse a `last` made by the client. Throws `MALFORMED` for a page of another origin
 * (R25: the request carries the login) or one that was already read, and `RESOURCE_EXHAUSTED` above the most pages.
 */
export async function* pagesFrom(
  operation: Operation,
  request: RegistryRequest,
  first: Response,
  { maxSize, maxPages = mostPages, next = linkToNext }: PagesOptions = {},
): AsyncGenerator<Page, void> {
  const { what } = operation
  const read = new Set([first.url.href])
  let response = first
  for (;;) {
    yield { response, content: await readWhole(response, what, maxSize) }
    const link = next(response)
    if (link === undefined) return
    const url = pageUrl(link, response.url, what)
    if (read.has(url.href)) throw repeats(what, url)
    if (read.size === maxPages)
      throw new DistError('RESOURCE_EXHAUSTED', `${what}: more than ${maxPages} pages`)
    read.add(url.href)
    response = await operation.send({ ...request, target: { url, own: true } })
  }
}

/** The error for a list that comes back to what it has listed. */
export function repeats(what: string, { host }: URL): DistError {
  return new DistError('MALFORMED', `${what}: the list repeats itself (${host}); what follows is unknown`)
}

function linkToNext({ headers }: Response): string | undefined {
  const links = headers.link === undefined ? [] : [headers.link].flat()
  return /<([^<>]*)>[^,<]*;\s*rel="?next"?/i.exec(links.join(', '))?.[1]
}

function pageUrl(link: string, from: URL, what: string): URL {
  if (!URL.canParse(link, from.href))
    throw new DistError('MALFORMED', `${what}: next page is not a URL (${from.host})`)
  const url = new URL(link, from)
  if (url.origin === from.origin) return url
  throw new DistError(
    'MALFORMED',
    `${what}: next page at another host refused (${from.host}): ${sanitize(url.origin, 100)}`,
  )
}
