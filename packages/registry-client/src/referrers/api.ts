import { DistError, hasCode } from '@dist/errdefs'
import { type Descriptor, type Digest, essence, mediaTypes } from '@dist/oci'
import { pullScope } from '../auth/authorizer.js'
import type { Endpoint } from '../endpoint.js'
import type { Source } from '../fetch.js'
import { readErrorDocument } from '../http/document.js'
import type { Response } from '../http/exchange.js'
import { readWhole } from '../manifest.js'
import { probe, tried } from '../probe.js'
import { type RegistryRequest, sendPatiently } from '../send.js'
import type { Transport } from '../transport.js'
import { nextPage } from './link.js'
import { listed } from './tag.js'

// Nothing real has as many, and a registry that always names another page must come to an end.
const maxReferrers = 10_000
const maxPages = 1_000

/** Why the API gives no list: it is not there, its repository is not, or it failed. */
export type NoList = 'no API' | 'no repository' | DistError

/** Milliseconds for which an API that gives no lists is not asked again: registries are mended, and rights are given. */
const remembered = 600_000
/** As many repositories as are copied in that time. */
const maxKnown = 100_000

/** What is known of APIs that give no lists, by endpoint or by repository: they are not asked again for a while. */
export class KnownNoLists {
  readonly #known = new Map<string, { readonly answer: NoList; readonly until: number }>()

  of(endpoint: Endpoint, repository: string): NoList | undefined {
    const known = [endpoint.url, `${endpoint.url}/${repository}`].map((key) => this.#known.get(key))
    return known.find((each) => each !== undefined && each.until > performance.now())?.answer
  }

  /** Notes a refusal. That a repository is not there, and that a registry fails, may pass. */
  note(endpoint: Endpoint, repository: string, refusal: NoList): void {
    if (refusal === 'no API' || hasCode(refusal, 'MALFORMED', 'NOT_IMPLEMENTED'))
      this.#set(endpoint.url, refusal)
    else if (hasCode(refusal, 'UNAUTHENTICATED', 'PERMISSION_DENIED'))
      this.#set(`${endpoint.url}/${repository}`, refusal)
  }

  #set(key: string, answer: NoList): void {
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.set(key, { answer, until: performance.now() + remembered })
  }
}

export interface ListRequest extends Pick<Source, 'transport' | 'locator'> {
  readonly digest: Digest
  readonly known: KnownNoLists
  readonly what: string
  readonly signal: AbortSignal | undefined
}

/** Asks the referrers API. Throws as `tried`. */
export async function askList(
  { transport, locator, digest, known, what, signal }: ListRequest,
  endpoint: Endpoint,
): Promise<readonly Descriptor[] | NoList> {
  const { repository } = locator
  const before = known.of(endpoint, repository)
  if (before !== undefined) return before
  const request: RegistryRequest = {
    endpoint,
    method: 'GET',
    path: `/${repository}/referrers/${digest}`,
    headers: { accept: mediaTypes.ociIndex },
    scope: pullScope(repository),
    what,
    signal,
  }
  const first = await firstPage(transport, request)
  if (!isPage(first)) {
    known.note(endpoint, repository, first)
    return first
  }
  return tried(transport, () => allPages(transport, request, first))
}

async function firstPage(transport: Transport, request: RegistryRequest): Promise<Response | NoList> {
  const answer = await probe(transport, { ...request, accept: [400, 404, 405, 406] })
  if (answer instanceof DistError) return answer
  if (answer.status === 200) return (await otherContent(answer, request.what)) ?? answer
  const { codes } = readErrorDocument(await answer.body.start(1024))
  // A repository that is not there says nothing about what its registry can do.
  return codes.includes('NAME_UNKNOWN') ? 'no repository' : 'no API'
}

/** The error for an answer that is no index. */
async function otherContent({ headers, body, url }: Response, what: string): Promise<DistError | undefined> {
  if (essence(headers['content-type'] ?? '') === mediaTypes.ociIndex) return undefined
  await body.return()
  return new DistError('MALFORMED', `${what}: ${url.host} answers with something else than a list`)
}

async function allPages(
  transport: Transport,
  request: RegistryRequest,
  first: Response,
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>()
  let response = first
  for (let page = 0; page < maxPages && found.size <= maxReferrers; page++) {
    const { descs, next } = await readPage(response, request.what)
    for (const desc of descs) found.set(desc.digest, desc)
    if (next === undefined) return [...found.values()]
    response = await furtherPage(transport, { ...request, target: { url: next, own: true } })
  }
  await response.body.return()
  throw new DistError(
    'RESOURCE_EXHAUSTED',
    `${request.what}: more than ${maxReferrers}, or more than ${maxPages} pages`,
  )
}

/** There is a list: its rest is worth some patience. */
async function furtherPage(transport: Transport, request: RegistryRequest): Promise<Response> {
  const response = await sendPatiently(transport, request)
  const other = await otherContent(response, request.what)
  if (other !== undefined) throw other
  return response
}

async function readPage(
  response: Response,
  what: string,
): Promise<{ descs: readonly Descriptor[]; next: URL | undefined }> {
  const { link } = response.headers
  const content = await readWhole(response, what)
  const next = nextPage(link, response.url, what)
  return { descs: listed({ desc: { mediaType: mediaTypes.ociIndex }, content }, what), next }
}

function isPage(answer: Response | NoList): answer is Response {
  return typeof answer !== 'string' && !(answer instanceof DistError)
}
