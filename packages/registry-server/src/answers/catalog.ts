import type { Exchange } from '../exchange.js'
import type { Parts } from '../parts.js'
import { pathName } from '../repository.js'
import { compareBytes, nextLink, type PageQuery, pageOf } from './page.js'

/** `/v2/_catalog`: the names in paths of all repositories. */
export async function answerCatalog(
  { published }: Parts,
  exchange: Exchange,
  query: PageQuery,
): Promise<void> {
  const names = (await published.repositories()).map(pathName).filter((name) => name !== undefined)
  const { items, last } = pageOf(names, query, compareBytes)
  const link = last === undefined ? {} : { link: nextLink(query, last) }
  exchange.send(200, { 'content-type': 'application/json', ...link }, JSON.stringify({ repositories: items }))
}
