import { oneChunk } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester, essence, mediaTypes, parseDigest } from '@dist/oci'
import { formatLocator, parseTag } from '@dist/reference'
import { type FetchedObject, type Hint, likelyTypes, type RemoteOptions } from '@dist/remotes'
import { firstEndpoint } from './fallback.js'
import type { Source } from './fetch.js'
import { readManifest } from './manifest.js'
import { measured, openAt, reopenAt } from './open.js'
import { likelyPath, objectRequest } from './paths.js'
import { resumed } from './resume.js'
import type { RegistryRequest } from './send.js'
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
  const { transport, endpoints, locator } = source
  const types = likelyTypes(object, hints)
  const what = `${object} of ${formatLocator(locator)}`
  return firstEndpoint(endpoints, 'pull', what, signal, (endpoint) =>
    likelyPath(types, transport, (type, transport) => {
      const request = objectRequest(endpoint, locator, type, object, what, signal)
      return type === 'blob' && digest !== undefined
        ? fetchBlob(transport, request, digest)
        : fetchManifest(transport, request, digest)
    }),
  )
}

async function fetchManifest(
  transport: Transport,
  request: RegistryRequest,
  digest: Digest | undefined,
): Promise<FetchedObject> {
  const { desc, content } = await readManifest(transport, request, digest)
  return { ...desc, body: oneChunk(content) }
}

async function fetchBlob(
  transport: Transport,
  asked: RegistryRequest,
  digest: Digest,
): Promise<FetchedObject> {
  const request = measured(transport, asked)
  const { what, signal } = request
  const opened = await openAt(transport, request, 0, undefined)
  const { size } = opened
  const reopen = (at: number) => reopenAt(transport, request, at, size)
  const body = resumed(opened, { reopen, size, retry: transport.retry, what, signal })
  const mediaType = essence(opened.response.headers['content-type'] ?? '') || mediaTypes.octetStream
  return { mediaType, digest, size, body: verified(body, digest, request) }
}

/** Passes the bytes on and fails at their end when they are not those of the digest. */
async function* verified(
  body: AsyncIterable<Uint8Array>,
  digest: Digest,
  { what, endpoint }: RegistryRequest,
): AsyncGenerator<Uint8Array, void> {
  const digester = new Digester(algorithmOf(digest))
  for await (const chunk of body) {
    // Before it is handed on: from then on the chunk is the receiver's.
    digester.update(chunk)
    yield chunk
  }
  const found = digester.digest()
  if (found === digest) return
  const { host } = new URL(endpoint.url)
  throw new DistError(
    'FAILED_PRECONDITION',
    `${what}: does not verify (${host}): the content has digest ${found}`,
  )
}
