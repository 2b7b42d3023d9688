import { formatLocator, isDigestTag, isTag } from '@dist/reference'
import type { ListOptions } from '@dist/remotes'
import type { RepositoryContext } from '../repository.js'
import { firstEndpoint } from '../request/endpoints.js'
import type { Operation } from '../request/operation.js'
import { distinct, documentOf, listIn, maxListSize } from './names.js'
import { pagesFrom } from './pages.js'

export interface ListTagsOptions extends ListOptions {
  /** Default: as `pagesFrom`. */
  readonly maxPages?: number | undefined
  /** The caller does without the list: no request is retried. Default: false. */
  readonly optional?: boolean | undefined
}

/** `Repository.tags` at a registry. Records the tags that are named after digests. */
export async function* listTags(
  repository: RepositoryContext,
  { signal, onInvalid, maxPages, optional = false }: ListTagsOptions,
): AsyncGenerator<string, void> {
  const { locator } = repository
  const what = `tags of ${formatLocator(locator)}`
  // Without `n`: Docker Hub then answers with all tags at once, and other registries with pages of their own size.
  const requestOf = ({ repository }: Operation) =>
    ({ method: 'GET', path: `/${repository}/tags/list`, headers: { accept: 'application/json' } }) as const
  const pages = await firstEndpoint(
    repository,
    { capability: 'resolve', own: true, what, signal },
    async (given) => {
      const operation = optional ? given.singleAttempt() : given
      const request = requestOf(operation)
      return pagesFrom(operation, request, await operation.send(request), { maxSize: maxListSize, maxPages })
    },
  )
  const lists = async function* () {
    for await (const page of pages) {
      const entries = listIn(documentOf(page, what), 'tags', what).map(String)
      yield { page, entries }
    }
  }
  const named = new Set<string>()
  for await (const tag of distinct(lists(), { what, nameOf: (tag) => tag, isValid: isTag, onInvalid })) {
    if (isDigestTag(tag)) named.add(tag)
    yield tag
  }
  repository.memory.digestTags.record(locator, named)
}
