import { DistError, isNotFound } from '@dist/errdefs'
import { type Descriptor, type Digest, essence, mediaTypes } from '@dist/oci'
import { formatLocator } from '@dist/reference'
import type { RemoteOptions } from '@dist/remotes'
import { pullScope } from '../auth/authorizer.js'
import type { Endpoint } from '../endpoint.js'
import { firstEndpoint } from '../fallback.js'
import type { Source } from '../fetch.js'
import type { Response } from '../http/exchange.js'
import { readManifest, readWhole } from '../manifest.js'
import { objectRequest } from '../paths.js'
import { withRetries } from '../retry.js'
import { type RegistryRequest, send } from '../send.js'
import type { Transport } from '../transport.js'
import { nextPage } from './link.js'
import { listed, referrersTag } from './tag.js'

// Nothing real has as many, and a registry that always names another page must come to an end.
const maxReferrers = 10_000
const maxPages = 1_000

/** `ReferrersSource.referrers`. `without`: the endpoints that are known to have no API for it; learned here. */
export async function findReferrers(
  source: Source,
  digest: Digest,
  without: Set<string>,
  { signal }: RemoteOptions,
): Promise<readonly Descriptor[]> {
  const what = `referrers of ${formatLocator(source.locator)}@${digest}`
  const { transport, endpoints } = source
  try {
    return await firstEndpoint(transport, endpoints, 'resolve', what, signal, (endpoint, transport) =>
      referrersAt({ ...source, transport }, endpoint, digest, without, what, signal),
    )
  } catch (error) {
    if (!isNotFound(error)) throw error
    return []
  }
}

async function referrersAt(
  { transport, locator }: Source,
  endpoint: Endpoint,
  digest: Digest,
  without: Set<string>,
  what: string,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  if (!without.has(endpoint.url)) {
    const { repository } = locator
    const path = `/${repository}/referrers/${digest}`
    const headers = { accept: mediaTypes.ociIndex }
    const request = {
      endpoint,
      method: 'GET',
      path,
      headers,
      scope: pullScope(repository),
      what,
      signal,
    } as const
    const found = await allPages(transport, request)
    if (Array.isArray(found)) return found
    if (found === 'no API') without.add(endpoint.url)
  }
  const request = objectRequest(endpoint, locator, 'manifest', referrersTag(digest), what, signal)
  return listed(await readManifest(transport, request, undefined), what)
}

type Absence = 'no API' | 'no repository'

async function allPages(
  transport: Transport,
  first: RegistryRequest,
): Promise<readonly Descriptor[] | Absence> {
  const found = new Map<Digest, Descriptor>()
  let request = first
  for (let page = 0; page < maxPages && found.size <= maxReferrers; page++) {
    const answer = await onePage(transport, request)
    if (typeof answer === 'string') {
      if (page === 0) return answer
      throw new DistError('MALFORMED', `${first.what}: a further page of the list is none`)
    }
    for (const desc of answer.descs) found.set(desc.digest, desc)
    if (answer.next === undefined) return [...found.values()]
    request = { ...first, target: { url: answer.next, own: true } }
  }
  throw new DistError(
    'RESOURCE_EXHAUSTED',
    `${first.what}: more than ${maxReferrers}, or more than ${maxPages} pages`,
  )
}

function onePage(
  transport: Transport,
  request: RegistryRequest,
): Promise<{ descs: readonly Descriptor[]; next: URL | undefined } | Absence> {
  return withRetries(transport.retry, request.signal, async () => {
    const response = await send(transport, { ...request, accept: [400, 404, 405, 406] })
    if (response.status !== 200) return absence(response)
    if (essence(response.headers['content-type'] ?? '') !== mediaTypes.ociIndex) {
      await response.body.return()
      return 'no API'
    }
    const { link } = response.headers
    const content = await readWhole(response, request.what)
    const next = nextPage(link, response.url, request.what)
    return { descs: listed({ desc: { mediaType: mediaTypes.ociIndex }, content }, request.what), next }
  })
}

/** A repository that is not there says nothing about what its registry can do. */
async function absence(response: Response): Promise<Absence> {
  const text = Buffer.from(await response.body.start(1024)).toString('utf8')
  return text.includes('NAME_UNKNOWN') ? 'no repository' : 'no API'
}
