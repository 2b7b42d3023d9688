import { DistError, isCanceled, isNotFound } from '@dist/errdefs'
import { type Descriptor, isForeignLayerType } from '@dist/oci'
import type { Fetched, FetchOptions } from '@dist/remotes'
import { isInternalHost } from './auth/addresses.js'
import { anonymous } from './auth/authorizer.js'
import type { Source } from './fetch.js'
import { openAt, reopenAt } from './open.js'
import { resumed } from './resume.js'
import type { RegistryRequest } from './send.js'

/**
 * Fetches a layer of a foreign type from where its descriptor says, without credentials; where none of its URLs
 * serves, and for everything else, from the registry. If that does not have it, the error is the first URL's.
 */
export async function fetchForeign(
  source: Source,
  desc: Descriptor,
  options: FetchOptions,
  fromRegistry: () => Promise<Fetched>,
): Promise<Fetched> {
  const urls = isForeignLayerType(desc.mediaType) ? (desc.urls ?? []) : []
  let failure: unknown
  for (const url of urls.filter((text) => isFetchable(text, source))) {
    try {
      return await fetchUrl(source, new URL(url), desc, options)
    } catch (error) {
      if (!(error instanceof DistError) || isCanceled(error)) throw error
      failure ??= error
    }
  }
  try {
    return await fromRegistry()
  } catch (error) {
    throw isNotFound(error) && failure !== undefined ? failure : error
  }
}

/** A manifest's author chose these URLs: only http(s), without a user, and to nothing that only we can reach. */
function isFetchable(text: string, { endpoints }: Source): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false
  if (url.username !== '' || url.password !== '') return false
  return (
    !isInternalHost(url.hostname) ||
    endpoints.some((endpoint) => new URL(endpoint.url).hostname === url.hostname)
  )
}

async function fetchUrl(
  { transport: own }: Source,
  url: URL,
  desc: Descriptor,
  { offset = 0, signal }: FetchOptions,
): Promise<Fetched> {
  const transport = { ...own, authorizer: anonymous }
  const what = `foreign layer ${desc.digest}`
  const request: RegistryRequest = {
    endpoint: { url: url.href, capabilities: ['pull'] },
    method: 'GET',
    path: '',
    scope: '',
    what,
    signal,
  }
  const reopen = (at: number) => reopenAt(transport, request, at, desc.size)
  const opened = await openAt(transport, request, offset, desc.size)
  const body = resumed(opened, { reopen, size: desc.size, retry: transport.retry, what, signal })
  return { offset: opened.offset, body }
}
