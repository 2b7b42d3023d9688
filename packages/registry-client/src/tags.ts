import { DistError } from '@dist/errdefs'
import { isRecord, parseDocument } from '@dist/oci'
import { formatLocator, parseTag } from '@dist/reference'
import type { RemoteOptions } from '@dist/remotes'
import { pagesFrom } from './pages.js'
import type { RepositoryContext } from './repository.js'
import { firstEndpoint } from './request/endpoints.js'
import type { Operation } from './request/operation.js'

// No repository has as many, and a registry that always names another page must come to an end.
const maxTags = 1_000_000

/** `Repository.tags` at a registry. Another endpoint is tried for the first page only: a list is never started again. */
export async function* listTags(
  repository: RepositoryContext,
  { signal }: RemoteOptions,
): AsyncGenerator<string, void> {
  const what = `tags of ${formatLocator(repository.locator)}`
  const pages = await firstEndpoint(
    repository,
    { capability: 'resolve', what, signal },
    async (operation) => {
      const all = tagPages(operation)
      const { value: first = [] } = await all.next()
      return { first, further: all }
    },
  )
  const listed = new Set<string>()
  const add = (tags: readonly string[]) => tags.filter((tag) => !listed.has(tag) && listed.add(tag))
  yield* add(pages.first)
  for await (const tags of pages.further) {
    if (listed.size > maxTags) throw new DistError('RESOURCE_EXHAUSTED', `${what}: more than ${maxTags}`)
    yield* add(tags)
  }
}

async function* tagPages(operation: Operation): AsyncGenerator<readonly string[], void> {
  // Without `n`: Docker Hub then answers with all tags at once, and other registries with pages of their own size.
  const path = `/${operation.repository}/tags/list`
  const request = { method: 'GET', path, headers: { accept: 'application/json' } } as const
  const first = await operation.send(request)
  for await (const { content, response } of pagesFrom(operation, request, first))
    yield parseTags(content, `${operation.what} (${response.url.host})`)
}

/** Parses a page. The media type does not count: registries send text/plain as well, and HTML with a status of 200. */
function parseTags(content: Uint8Array, what: string): readonly string[] {
  const document = parseDocument(content, what)
  const tags = isRecord(document) ? document.tags : undefined
  // distribution answers null for an empty repository.
  if (tags === null) return []
  if (!Array.isArray(tags)) throw new DistError('MALFORMED', `${what}: answer is not a list of tags`)
  return tags.map((tag) => {
    try {
      return parseTag(String(tag))
    } catch (cause) {
      throw new DistError('MALFORMED', `${what}: ${(cause as Error).message}`, { cause })
    }
  })
}
