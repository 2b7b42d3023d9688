import { ApiError } from '../api-error.js'
import type { Exchange } from '../exchange.js'
import type { Parts } from '../parts.js'
import { compareBytes, nextLink, type PageQuery, pageOf } from './page.js'

/** `/v2/<name>/tags/list`. Distribution specification, "Listing Tags". */
export async function answerTags(
  { published }: Parts,
  exchange: Exchange,
  repository: string,
  query: PageQuery,
): Promise<void> {
  const found = published.repository(repository)
  const all = await found.tags()
  if (all.length === 0 && (await found.names()).length === 0)
    throw new ApiError('NAME_UNKNOWN', 'nothing is published in this repository')
  const { items, last } = pageOf(all, query, compareTags)
  const link = last === undefined ? {} : { link: nextLink(query, last) }
  exchange.send(
    200,
    { 'content-type': 'application/json', ...link },
    JSON.stringify({ name: query.name, tags: items }),
  )
}

/** The specification's order: alphanumeric, without regard to case. */
function compareTags(a: string, b: string): number {
  return compareBytes(a.toLowerCase(), b.toLowerCase()) || compareBytes(a, b)
}
