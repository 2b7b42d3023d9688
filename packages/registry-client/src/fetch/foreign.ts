import { DistError, isCanceled, isNotFound } from '@dist/errdefs'
import { type Descriptor, isForeignLayerType } from '@dist/oci'
import type { Fetched, FetchOptions } from '@dist/remotes'
import type { Endpoint } from '../endpoint.js'
import { isTooLong } from '../http/redirect.js'
import type { RepositoryContext } from '../repository.js'
import { Operation } from '../request/operation.js'
import { Download } from './download.js'

/**
 * Fetches a layer of a foreign type from the URLs of its descriptor, without credentials (R2). Falls back to the registry,
 * which also serves all other content. If the registry does not have it either, throws the first URL's error.
 */
export async function fetchForeign(
  repository: RepositoryContext,
  desc: Descriptor,
  options: FetchOptions,
  fromRegistry: () => Promise<Fetched>,
): Promise<Fetched> {
  // The registry stands behind its mirrors. Its address decides to which addresses the URLs may lead (R35).
  const registry = (await repository.endpoints()).at(-1)
  if (registry === undefined || !isForeignLayerType(desc.mediaType)) return fromRegistry()
  let failure: unknown
  for (const url of (desc.urls ?? []).filter(isFetchable)) {
    try {
      return await fetchUrl(repository, registry, new URL(url), desc, options)
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

/** The author of the manifest chose the URL: http(s) only, without userinfo. Its address is checked on connect. */
function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const { protocol, username, password } = url
  if (isTooLong(url)) return false
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === ''
}

async function fetchUrl(
  { transport, locator: { repository } }: RepositoryContext,
  endpoint: Endpoint,
  url: URL,
  { digest, size }: Descriptor,
  { offset, signal }: FetchOptions,
): Promise<Fetched> {
  const what = `foreign layer ${digest}`
  const operation = new Operation({ transport, endpoint, repository, what, scope: '', signal })
  const target = { url, own: false }
  const body = await Download.open(operation, { method: 'GET', path: '', target }, offset, size)
  return { offset: body.offset, from: url.host, body }
}
