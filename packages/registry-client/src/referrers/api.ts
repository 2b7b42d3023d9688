import { DistError } from '@dist/errdefs'
import { type Descriptor, type Digest, essence, mediaTypes } from '@dist/oci'
import { readErrorDocument } from '../http/document.js'
import type { Response } from '../http/exchange.js'
import { pagesFrom } from '../listing/pages.js'
import { settleAnswer } from '../request/answer.js'
import type { Operation } from '../request/operation.js'
import type { RegistryRequest } from '../request/send.js'
import type { KnownNoLists, NoList } from './known.js'
import { parseReferrers } from './tag.js'

// No image has as many.
const maxReferrers = 10_000

/**
 * Requests the referrers API. A single artifact type narrows the answer, at registries that can: others ignore it. Throws as
 * `settleAnswer`.
 */
export async function listReferrers(
  operation: Operation,
  digest: Digest,
  known: KnownNoLists,
  artifactTypes: readonly string[] = [],
): Promise<readonly Descriptor[] | NoList> {
  const before = known.find(operation)
  if (before !== undefined) return before
  const [type, ...others] = artifactTypes
  const query = type === undefined || others.length > 0 ? '' : `?artifactType=${encodeURIComponent(type)}`
  const path = `/${operation.repository}/referrers/${digest}${query}`
  const request = { method: 'GET', path, headers: { accept: mediaTypes.ociIndex } } as const
  const first = await firstPage(operation, request)
  // The further pages have no alternative, and are requested with retries.
  if (isPage(first)) return settleAnswer(() => allPages(operation, request, first))
  known.record(operation, first)
  return first
}

async function firstPage(operation: Operation, request: RegistryRequest): Promise<Response | NoList> {
  const answer = await operation.probe({ ...request, accept: [400, 404, 405, 406] })
  if (answer instanceof DistError) return answer
  if (answer.status === 200) {
    const error = otherContent(answer, operation.what)
    if (error !== undefined) await answer.body.return()
    return error ?? answer
  }
  const { codes } = readErrorDocument(await answer.body.start(1024))
  // A missing repository is no evidence for a missing API.
  return codes.includes('NAME_UNKNOWN') ? 'no repository' : 'no API'
}

async function allPages(
  operation: Operation,
  request: RegistryRequest,
  first: Response,
): Promise<readonly Descriptor[]> {
  const { what } = operation
  const found = new Map<Digest, Descriptor>()
  for await (const { response, content } of pagesFrom(operation, request, first)) {
    const error = otherContent(response, what)
    if (error !== undefined) throw error
    for (const desc of parseReferrers(content, mediaTypes.ociIndex, what)) found.set(desc.digest, desc)
    if (found.size > maxReferrers)
      throw new DistError('RESOURCE_EXHAUSTED', `${what}: more than ${maxReferrers}`)
  }
  return [...found.values()]
}

/** The error for an answer that is not an index. */
function otherContent({ headers, url }: Response, what: string): DistError | undefined {
  if (essence(headers['content-type'] ?? '') === mediaTypes.ociIndex) return undefined
  return new DistError('MALFORMED', `${what}: answer is not a list of referrers (${url.host})`)
}

function isPage(answer: Response | NoList): answer is Response {
  return typeof answer !== 'string' && !(answer instanceof DistError)
}
