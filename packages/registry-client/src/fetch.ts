import { oneChunk } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, embeddedContent, hasChildren, maxManifestSize } from '@dist/oci'
import { formatLocator, type Locator } from '@dist/reference'
import type { Fetched, FetchOptions, ObjectType } from '@dist/remotes'
import type { Endpoint } from './endpoint.js'
import { firstEndpoint } from './fallback.js'
import { fetchForeign } from './foreign.js'
import { measured, openAt, reopenAt } from './open.js'
import { firstPath, objectRequest } from './paths.js'
import { resumed } from './resume.js'
import type { Transport } from './transport.js'

export interface Source {
  readonly transport: Transport
  readonly endpoints: readonly Endpoint[]
  readonly locator: Locator
  /** Whether layers of foreign types are fetched from the URLs that their descriptors name. */
  readonly foreignUrls: boolean
}

/** `Fetcher.fetch` at a registry. */
export async function fetchContent(
  source: Source,
  desc: Descriptor,
  options: FetchOptions,
): Promise<Fetched> {
  const { offset = 0, signal } = options
  checkRequest(desc, offset)
  const embedded = embeddedContent(desc)
  if (embedded !== undefined) return { offset, body: oneChunk(embedded.subarray(offset)) }
  // A range that begins at the end is none: there is nothing to ask for.
  if (offset > 0 && offset === desc.size) return { offset, body: oneChunk(new Uint8Array()) }
  const what = `${nameOf(desc)} of ${formatLocator(source.locator)}`
  const fromRegistry = () =>
    firstEndpoint(source.endpoints, 'pull', what, signal, (endpoint) =>
      fetchFrom(source, endpoint, desc, what, options),
    )
  return source.foreignUrls ? fetchForeign(source, desc, options, fromRegistry) : fromRegistry()
}

function checkRequest(desc: Descriptor, offset: number): void {
  if (offset < 0 || offset > desc.size)
    throw new DistError('INVALID_ARGUMENT', `${desc.digest} has ${desc.size} bytes: none at offset ${offset}`)
  if (hasChildren(desc.mediaType) && desc.size > maxManifestSize) {
    throw new DistError(
      'RESOURCE_EXHAUSTED',
      `${nameOf(desc)} has ${desc.size} bytes, more than the ${maxManifestSize} that a manifest may have`,
    )
  }
}

async function fetchFrom(
  { locator, transport }: Source,
  endpoint: Endpoint,
  desc: Descriptor,
  what: string,
  { offset = 0, signal }: FetchOptions,
): Promise<Fetched> {
  const types: readonly ObjectType[] = hasChildren(desc.mediaType)
    ? ['manifest', 'blob']
    : ['blob', 'manifest']
  const [request, opened] = await firstPath(types, async (type) => {
    const request = measured(transport, objectRequest(endpoint, locator, type, desc.digest, what, signal))
    return [request, await openAt(transport, request, offset, desc.size)] as const
  })
  const reopen = (at: number) => reopenAt(transport, request, at, desc.size)
  const body = resumed(opened, { reopen, size: desc.size, retry: transport.retry, what, signal })
  return { offset: opened.offset, from: new URL(endpoint.url).host, body }
}

function nameOf({ mediaType, digest }: Descriptor): string {
  return `${hasChildren(mediaType) ? 'manifest' : 'blob'} ${digest}`
}
