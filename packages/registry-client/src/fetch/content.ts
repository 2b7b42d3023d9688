import { oneChunk } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, embeddedContent, hasChildren, maxManifestSize } from '@dist/oci'
import { formatLocator } from '@dist/reference'
import type { Fetched, FetchOptions, ObjectType } from '@dist/remotes'
import type { RepositoryContext } from '../repository.js'
import { firstEndpoint } from '../request/endpoints.js'
import type { Operation } from '../request/operation.js'
import { tryPaths } from '../request/paths.js'
import { Download } from './download.js'
import { fetchForeign } from './foreign.js'

/** `Fetcher.fetch` at a registry. */
export async function fetchContent(
  repository: RepositoryContext,
  desc: Descriptor,
  { offset = 0, signal }: FetchOptions,
): Promise<Fetched> {
  checkFetch(desc, offset)
  const embedded = embeddedContent(desc)
  if (embedded !== undefined) return { offset, body: oneChunk(embedded.subarray(offset)) }
  // A range that begins at the end is invalid, and nothing is left to fetch.
  if (offset > 0 && offset === desc.size) return { offset, body: oneChunk(new Uint8Array()) }
  const what = `${describe(desc)} of ${formatLocator(repository.locator)}`
  const fromRegistry = () =>
    firstEndpoint(repository, { capability: 'pull', what, signal }, (operation) =>
      fetchFrom(operation, desc, offset),
    )
  if (!repository.foreignUrls) return fromRegistry()
  return fetchForeign(repository, desc, { offset, signal }, fromRegistry)
}

function checkFetch(desc: Descriptor, offset: number): void {
  if (offset < 0 || offset > desc.size)
    throw new DistError(
      'INVALID_ARGUMENT',
      `${desc.digest}: offset ${offset} is outside of its ${desc.size} bytes`,
    )
  if (hasChildren(desc.mediaType) && desc.size > maxManifestSize) {
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `${describe(desc)}: ${desc.size} bytes exceed the limit of ${maxManifestSize} for manifests`,
    )
  }
}

async function fetchFrom(operation: Operation, desc: Descriptor, offset: number): Promise<Fetched> {
  const { digest, size, mediaType } = desc
  const types: readonly ObjectType[] = hasChildren(mediaType) ? ['manifest', 'blob'] : ['blob', 'manifest']
  const body = await tryPaths(types, (type) =>
    Download.open(operation, operation.objectRequest(type, digest), offset, size),
  )
  return { offset: body.offset, from: operation.host, body }
}

function describe({ mediaType, digest }: Descriptor): string {
  return `${hasChildren(mediaType) ? 'manifest' : 'blob'} ${digest}`
}
