import { DistError, isCanceled, reword, throwIfAborted } from '@dist/errdefs'
import { formatLocator } from '@dist/reference'
import { pullScope, type Scope } from '../auth/authorizer.js'
import { type Capability, type Endpoint, repositoryAt } from '../endpoint.js'
import type { RepositoryContext } from '../repository.js'
import { Operation } from './operation.js'

type EndpointsContext = Pick<RepositoryContext, 'transport' | 'endpoints' | 'locator'>

export interface EndpointCall {
  readonly capability: Capability
  /** The object, for errors. */
  readonly what: string
  readonly signal: AbortSignal | undefined
  /** Default: pulls from the repository, by its name at the endpoint. */
  readonly scope?: Scope | undefined
  /** What is resolved: endpoints that resolve only the other are left out. Default: neither. */
  readonly resolves?: 'tags' | 'digests' | undefined
  /** Only the registry itself: the list of a cache may lack entries. Default: false. */
  readonly own?: boolean | undefined
}

/**
 * Calls with an operation at one endpoint after the other until one succeeds. Throws the error of the last endpoint,
 * which is the registry itself; its message contains those of the others.
 */
export async function firstEndpoint<T>(
  { transport, endpoints, locator: { repository } }: EndpointsContext,
  { capability, what, signal, scope, resolves, own = false }: EndpointCall,
  call: (operation: Operation) => Promise<T>,
): Promise<T> {
  const failures: DistError[] = []
  const capable = capableEndpoints(await endpoints(), capability, what)
  const fitting = capable.filter(
    ({ only }) => only === undefined || resolves === undefined || only === resolves,
  )
  for (const endpoint of own ? [registryItself(capable)] : fitting) {
    throwIfAborted(signal)
    const name = repositoryAt(endpoint, repository)
    const options = { transport, endpoint, repository: name, what, scope: scope ?? pullScope(name), signal }
    try {
      return await call(new Operation(options))
    } catch (error) {
      if (!(error instanceof DistError) || isCanceled(error)) throw error
      failures.push(error)
    }
  }
  throw combineErrors(failures)
}

/**
 * The endpoint that takes pushes: the first one with the capability, as in containerd. Mirrors stand before the registry.
 */
export async function pushEndpoint({ endpoints, locator }: RepositoryContext): Promise<Endpoint> {
  const [endpoint] = capableEndpoints(await endpoints(), 'push', formatLocator(locator))
  return endpoint
}

/** The endpoint at the registry's own host; where none is, the last one, which stands for the registry (hosts.toml). */
export function registryItself(endpoints: readonly Endpoint[]): Endpoint {
  const found = endpoints.find(({ mirrorOf }) => mirrorOf === undefined) ?? endpoints.at(-1)
  if (found === undefined) throw new DistError('INTERNAL', 'a registry has no endpoint')
  return found
}

function capableEndpoints(
  endpoints: readonly Endpoint[],
  capability: Capability,
  what: string,
): readonly [Endpoint, ...Endpoint[]] {
  const [first, ...others] = endpoints.filter(({ capabilities }) => capabilities.includes(capability))
  if (first !== undefined) return [first, ...others]
  throw new DistError(
    'INVALID_ARGUMENT',
    `${what}: no endpoint has the capability "${capability}"; add it to "capabilities" in hosts.toml`,
  )
}

function combineErrors(failures: readonly DistError[]): DistError {
  const last = failures.at(-1)
  if (last === undefined) return new DistError('INTERNAL', 'no endpoint was tried')
  if (failures.length === 1) return last
  const others = failures.slice(0, -1).map(({ message }) => message)
  return reword(last, `${last.message}; before that: ${others.join('; ')}`)
}
