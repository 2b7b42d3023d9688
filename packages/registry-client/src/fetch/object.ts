import { oneChunk } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester, essence, mediaTypes, parseDigest } from '@dist/oci'
import { formatLocator, parseTag } from '@dist/reference'
import { type FetchedObject, type Hint, likelyTypes, type RemoteOptions } from '@dist/remotes'
import { readManifest } from '../manifest.js'
import type { RepositoryContext } from '../repository.js'
import { firstEndpoint } from '../request/endpoints.js'
import type { Operation } from '../request/operation.js'
import { tryLikelyPaths } from '../request/paths.js'
import { Download } from './download.js'

/** `ObjectFetcher.fetchObject` at a registry. Manifests are verified before it resolves, blobs while they are read. */
export async function fetchObject(
  repository: RepositoryContext,
  object: string,
  hints: readonly Hint[],
  { signal }: RemoteOptions,
): Promise<FetchedObject> {
  const digest = object.includes(':') ? parseDigest(object) : undefined
  if (digest === undefined) parseTag(object)
  const what = `${object} of ${formatLocator(repository.locator)}`
  const resolves = digest === undefined ? 'tags' : 'digests'
  return firstEndpoint(repository, { capability: 'pull', resolves, what, signal }, (operation) =>
    tryLikelyPaths(likelyTypes(object, hints), operation, async (type, operation) => {
      if (type === 'blob' && digest !== undefined) return fetchBlob(operation, digest)
      const { desc, content } = await readManifest(operation, object, digest)
      return { ...desc, body: oneChunk(content) }
    }),
  )
}

async function fetchBlob(operation: Operation, digest: Digest): Promise<FetchedObject> {
  const download = await Download.open(operation, operation.objectRequest('blob', digest))
  const mediaType = essence(download.headers['content-type'] ?? '') || mediaTypes.octetStream
  return { mediaType, digest, size: download.announcedSize, body: verify(download, digest, operation) }
}

/** Passes the bytes on. Throws at their end if their digest is another one. */
async function* verify(
  body: AsyncIterable<Uint8Array>,
  digest: Digest,
  { what, host }: Operation,
): AsyncGenerator<Uint8Array, void> {
  const digester = new Digester(algorithmOf(digest))
  for await (const chunk of body) {
    // Before the yield: the receiver owns the chunk afterwards.
    digester.update(chunk)
    yield chunk
  }
  const actual = digester.digest()
  if (actual !== digest)
    throw new DistError('FAILED_PRECONDITION', `${what}: does not verify (${host}): actual digest ${actual}`)
}
