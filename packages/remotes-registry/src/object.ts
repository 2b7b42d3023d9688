import { DistError, isNotFound, isUnavailable } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester, essence, mediaTypes, parseDigest } from '@dist/oci'
import { formatLocator, parseTag } from '@dist/reference'
import {
  type FetchedObject,
  type Hint,
  likelyTypes,
  type ObjectType,
  type RemoteOptions,
} from '@dist/remotes'
import type { Endpoint } from './endpoint.js'
import { firstEndpoint } from './fallback.js'
import { firstPath, objectRequest, type Source } from './fetch.js'
import { readManifest } from './manifest.js'
import { type Opened, openAt } from './open.js'
import { resumed } from './resume.js'
import type { Transport } from './transport.js'

/** `ObjectFetcher.fetchObject` at a registry. Manifests are verified before it resolves, blobs while they are read. */
export async function fetchObject(
  source: Source,
  object: string,
  hints: readonly Hint[],
  { signal }: RemoteOptions,
): Promise<FetchedObject> {
  const digest = object.includes(':') ? parseDigest(object) : undefined
  if (digest === undefined) parseTag(object)
  const types = likelyTypes(object, hints)
  const what = `${object} of ${formatLocator(source.locator)}`
  return firstEndpoint(source.transport, source.endpoints, 'pull', what, signal, (endpoint, transport) =>
    likelyPath(types, transport, (type, patience) =>
      openObject(source, patience, endpoint, type, object, digest, what, signal),
    ),
  )
}

/**
 * `firstPath` where what the object is was only guessed: docker-registry answers 500, not 404, to a layer's digest
 * under /manifests/. So a first guess that fails gets a single try, and all the patience once nothing else has the
 * object.
 */
async function likelyPath<T>(
  types: readonly ObjectType[],
  transport: Transport,
  call: (type: ObjectType, transport: Transport) => Promise<T>,
): Promise<T> {
  const [first, ...others] = types
  if (first === undefined || others.length === 0) return firstPath(types, (type) => call(type, transport))
  const hasty = { ...transport, retry: { ...transport.retry, attempts: 1 } }
  try {
    return await call(first, hasty)
  } catch (error) {
    if (!isNotFound(error) && !isUnavailable(error)) throw error
    try {
      return await firstPath(others, (type) => call(type, transport))
    } catch (otherwise) {
      if (!isNotFound(otherwise)) throw otherwise
      if (isNotFound(error)) throw error
      return call(first, transport)
    }
  }
}

function openObject(
  source: Source,
  transport: Transport,
  endpoint: Endpoint,
  type: ObjectType,
  object: string,
  digest: Digest | undefined,
  what: string,
  signal: AbortSignal | undefined,
): Promise<FetchedObject> {
  const request = objectRequest(endpoint, source.locator, type, object, what, signal)
  return type === 'blob' && digest !== undefined ? blob() : manifest()

  async function manifest(): Promise<FetchedObject> {
    const { desc, content } = await readManifest(transport, request, digest)
    return {
      ...desc,
      body: (async function* () {
        yield content
      })(),
    }
  }

  async function blob(): Promise<FetchedObject> {
    const opened = await openAt(transport, request, 0, undefined)
    const { size } = opened
    const patient = source.transport
    const reopen = (at: number): Promise<Opened> => openAt(patient, request, at, size)
    const body = resumed(opened, { reopen, size, retry: patient.retry, what, signal })
    const mediaType = essence(opened.response.headers['content-type'] ?? '') || mediaTypes.octetStream
    return {
      mediaType,
      ...(digest === undefined ? {} : { digest }),
      ...(size === undefined ? {} : { size }),
      body: digest === undefined ? body : verified(body, digest, what),
    }
  }
}

/** Passes the bytes on and fails at their end when they are not those of the digest. */
async function* verified(
  body: AsyncIterable<Uint8Array>,
  digest: Digest,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  const digester = new Digester(algorithmOf(digest))
  for await (const chunk of body) {
    // Before it is handed on: from then on the chunk is the receiver's.
    digester.update(chunk)
    yield chunk
  }
  const found = digester.digest()
  if (found !== digest) throw new DistError('FAILED_PRECONDITION', `${what}: the content has digest ${found}`)
}
