import { DistError, hasCode, reword } from '@dist/errdefs'
import type { Locator } from '@dist/reference'
import { discoveries, type RegistryLists, type RepositoriesOptions } from '@dist/remotes'
import type { Credentials } from '../auth/credential.js'
import type { Endpoint } from '../endpoint.js'
import { registryItself } from '../request/endpoints.js'
import type { Transport } from '../transport.js'
import { catalogRepositories } from './catalog.js'
import { DockerHub } from './docker-hub.js'
import { Harbor } from './harbor.js'

export interface ListsContext {
  readonly transport: Transport
  readonly endpointsFor: (locator: Locator) => Promise<readonly Endpoint[]>
  readonly credentials: Credentials | undefined
}

/** The lists of registries, each by the API that its host has. */
export function createLists(context: ListsContext): RegistryLists {
  const hub = new DockerHub(context)
  const harbor = new Harbor(context)
  return {
    repositories(host, options = {}) {
      const { discovery = host === 'docker.io' ? 'docker-hub' : undefined } = options
      if (discovery === 'docker-hub') return hub.repositories(host, options)
      if (discovery === 'harbor') return unlessMoved(context, host, harbor.repositories(host, options))
      return unlessMoved(context, host, catalogOrHarbor(context, harbor, host, options))
    },
    datedTags(locator, options = {}) {
      if (locator.host === 'docker.io') return hub.tags(locator, options)
      return options.discovery === 'harbor' ? harbor.tags(locator, options) : undefined
    },
  }
}

/** The list, unless it would have other names than references to the host. */
async function* unlessMoved(
  { endpointsFor }: ListsContext,
  host: string,
  list: AsyncIterable<string>,
): AsyncGenerator<string, void> {
  const { moved, url } = registryItself(await endpointsFor({ host, repository: '' }))
  if (moved === undefined) return yield* list
  throw new DistError(
    'NOT_IMPLEMENTED',
    `repositories of ${host}: a registries.conf moves them below ${moved.to} of ${new URL(url).host}, which lists other names: name the repositories`,
  )
}

/** The catalogue; without a choice of the user also the list of a Harbor, which refuses its catalogue to most users. */
async function* catalogOrHarbor(
  context: ListsContext,
  harbor: Harbor,
  host: string,
  options: RepositoriesOptions,
): AsyncGenerator<string, void> {
  const catalog = catalogRepositories(context, host, options)
  let first: IteratorResult<string, void>
  try {
    first = await catalog.next()
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (options.discovery === undefined && (await harbor.isAt(host, options.signal)))
      return yield* harbor.repositories(host, options)
    throw reword(error, `${error.message}; ${otherWays}`)
  }
  if (first.done === true) return
  yield first.value
  yield* catalog
}

const otherWays = `its catalogue cannot be read: choose another way to list it (discovery: ${discoveries.join(', ')}), or name the repositories`

function isRefusal(error: unknown): error is DistError {
  return hasCode(error, 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'NOT_FOUND', 'NOT_IMPLEMENTED', 'MALFORMED')
}
