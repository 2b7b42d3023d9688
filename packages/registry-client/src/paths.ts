import { DistError, hasCode, isNotFound, isRetryable } from '@dist/errdefs'
import { acceptedManifestTypes } from '@dist/oci'
import type { Locator } from '@dist/reference'
import type { ObjectType } from '@dist/remotes'
import { pullScope } from './auth/authorizer.js'
import type { Endpoint } from './endpoint.js'
import { isOfHost } from './http/errors.js'
import { hastily, isAnswer } from './probe.js'
import type { RegistryRequest } from './send.js'
import type { Transport } from './transport.js'

// The same for HEAD and GET: else the two may negotiate different manifests.
const manifestAccept = [...acceptedManifestTypes, '*/*;q=0.1'].join(', ')

/** The GET of an object: `/<repository>/manifests/<object>` or `/<repository>/blobs/<object>`. */
export function objectRequest(
  endpoint: Endpoint,
  { repository }: Locator,
  type: ObjectType,
  object: string,
  what: string,
  signal: AbortSignal | undefined,
): RegistryRequest {
  const path = `/${repository}/${type}s/${object}`
  const accept = type === 'manifest' ? manifestAccept : '*/*'
  return { endpoint, method: 'GET', path, headers: { accept }, scope: pullScope(repository), what, signal }
}

/**
 * Calls for one kind of path after the other until one has the object. Throws what the first one said: whatever a registry
 * answers where the object was not looked for in the first place, it does not have it.
 */
export async function firstPath<T>(
  types: readonly ObjectType[],
  call: (type: ObjectType) => Promise<T>,
): Promise<T> {
  let missing: unknown
  for (const type of types) {
    try {
      return await call(type)
    } catch (error) {
      if (!isNotFound(error) && (missing === undefined || !isAnswer(error))) throw error
      missing ??= error
    }
  }
  throw missing
}

/**
 * `firstPath` where what the object is was only guessed: registries answer anything to a layer's digest under
 * /manifests/ (docker-registry 500). So a first guess that fails gets a single try, and all the patience once nothing
 * else has the object.
 */
export async function likelyPath<T>(
  types: readonly ObjectType[],
  transport: Transport,
  call: (type: ObjectType, transport: Transport) => Promise<T>,
): Promise<T> {
  const patiently = (type: ObjectType) => call(type, transport)
  const [first, ...others] = types
  if (first === undefined || others.length === 0) return firstPath(types, patiently)
  try {
    return await call(first, hastily(transport))
  } catch (error) {
    // What holds for the whole host would meet the other guess as well.
    if (!(error instanceof DistError) || hasCode(error, 'CANCELED', 'UNAUTHENTICATED') || isOfHost(error))
      throw error
    try {
      return await firstPath(others, patiently)
    } catch (otherwise) {
      if (!isNotFound(otherwise)) throw otherwise
      if (!isRetryable(error)) throw error
      return call(first, transport)
    }
  }
}
