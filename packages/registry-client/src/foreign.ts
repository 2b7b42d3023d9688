import { DistError, isCanceled, isNotFound } from '@dist/errdefs'
import { type Descriptor, isForeignLayerType } from '@dist/oci'
import type { Fetched, FetchOptions } from '@dist/remotes'
import type { Endpoint } from './endpoint.js'
import type { Source } from './fetch.js'
import { isTooLong } from './http/redirect.js'
import { measured, openAt, reopenAt } from './open.js'
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
  // The registry itself comes after its mirrors: its place is what the URLs are judged by.
  const registry = source.endpoints.at(-1)
  if (registry === undefined || !isForeignLayerType(desc.mediaType)) return fromRegistry()
  let failure: unknown
  for (const url of (desc.urls ?? []).filter(isFetchable)) {
    try {
      return await fetchUrl(source, registry, new URL(url), desc, options)
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

/** A manifest's author chose these URLs: only http(s), without a user. Where they may be is judged by who connects. */
function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const { protocol, username, password } = url
  if (isTooLong(url)) return false
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === ''
}

async function fetchUrl(
  { transport }: Source,
  endpoint: Endpoint,
  url: URL,
  desc: Descriptor,
  { offset = 0, signal }: FetchOptions,
): Promise<Fetched> {
  const what = `foreign layer ${desc.digest}`
  const target = { url, own: false }
  const asked: RegistryRequest = { endpoint, method: 'GET', path: '', target, scope: '', what, signal }
  const request = measured(transport, asked)
  const reopen = (at: number) => reopenAt(transport, request, at, desc.size)
  const opened = await openAt(transport, request, offset, desc.size)
  const body = resumed(opened, { reopen, size: desc.size, retry: transport.retry, what, signal })
  return { offset: opened.offset, from: url.host, body }
}
