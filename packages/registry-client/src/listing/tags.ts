import { formatLocator, isTag } from '@dist/reference'
import type { ListOptions } from '@dist/remotes'
import type { RepositoryContext } from '../repository.js'
import { firstEndpoint } from '../request/endpoints.js'
import { distinct, documentOf, listIn, maxListSize } from './names.js'
import { pagesFrom } from './pages.js'

/** `Repository.tags` at a registry. */
export async function* listTags(
  repository: RepositoryContext,
  { signal, onInvalid }: ListOptions,
): AsyncGenerator<string, void> {
  const { locator } = repository
  const what = `tags of ${formatLocator(locator)}`
  // Without `n`: Docker Hub then answers with all tags at once, and other registries with pages of their own size.
  const path = `/${locator.repository}/tags/list`
  const request = { method: 'GET', path, headers: { accept: 'application/json' } } as const
  const pages = await firstEndpoint(
    repository,
    { capability: 'resolve', own: true, what, signal },
    async (operation) =>
      pagesFrom(operation, request, await operation.send(request), { maxSize: maxListSize }),
  )
  const lists = async function* () {
    for await (const page of pages) {
      const entries = listIn(documentOf(page, what), 'tags', what).map(String)
      yield { page, entries }
    }
  }
  yield* distinct(lists(), { what, nameOf: (tag) => tag, isValid: isTag, onInvalid })
}
