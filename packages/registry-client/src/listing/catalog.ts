import { isRepository } from '@dist/reference'
import type { RepositoriesOptions } from '@dist/remotes'
import { firstEndpoint } from '../request/endpoints.js'
import type { ListsContext } from './lists.js'
import { distinct, documentOf, listIn, maxListSize } from './names.js'
import { pagesFrom } from './pages.js'

// Without `n`: distribution refuses one above its own maximum.
const request = { method: 'GET', path: '/_catalog', headers: { accept: 'application/json' } } as const

/** The repositories in the catalogue of a registry (CNCF distribution; not in the OCI specification). */
export async function* catalogRepositories(
  { transport, endpointsFor }: ListsContext,
  host: string,
  { signal, onInvalid }: RepositoriesOptions,
): AsyncGenerator<string, void> {
  const what = `repositories of ${host}`
  const locator = { host, repository: '' }
  const pages = await firstEndpoint(
    { transport, locator, endpoints: () => endpointsFor(locator) },
    { capability: 'resolve', own: true, scope: 'registry:catalog:*', what, signal },
    async (operation) =>
      pagesFrom(operation, request, await operation.send(request), { maxSize: maxListSize }),
  )
  const lists = async function* () {
    for await (const page of pages) {
      const entries = listIn(documentOf(page, what), 'repositories', what).map(String)
      yield { page, entries }
    }
  }
  yield* distinct(lists(), { what, nameOf: (name) => name, isValid: isRepository, onInvalid })
}
