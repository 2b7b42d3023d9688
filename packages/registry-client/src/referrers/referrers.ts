import { DistError, hasCode, isNotFound, isRetryable } from '@dist/errdefs'
import type { Descriptor, Digest } from '@dist/oci'
import { formatLocator } from '@dist/reference'
import type { ReferrersOptions } from '@dist/remotes'
import type { Endpoint } from '../endpoint.js'
import { firstEndpoint } from '../fallback.js'
import type { Source } from '../fetch.js'
import { readManifest } from '../manifest.js'
import { objectRequest } from '../paths.js'
import { tried } from '../probe.js'
import { pauseBefore } from '../retry.js'
import { askList, type KnownNoLists, type ListRequest } from './api.js'
import { listed, meansSubject, referrersTag } from './tag.js'

/**
 * `ReferrersSource.referrers`. The registry's API for it is asked first, then, whatever it answered in place of a list,
 * the tag for them. `known`: what was learned of APIs so far.
 */
export async function findReferrers(
  { transport, endpoints, locator }: Source,
  digest: Digest,
  known: KnownNoLists,
  { signal, onUnknown }: ReferrersOptions,
): Promise<readonly Descriptor[]> {
  const what = `referrers of ${formatLocator(locator)}@${digest}`
  let untold: Untold | undefined
  try {
    return await firstEndpoint(endpoints, 'resolve', what, signal, async (endpoint) => {
      const found = await referrersAt({ transport, locator, digest, known, what, signal }, endpoint)
      if (!('error' in found)) return found
      untold = found
      throw found.error
    })
  } catch (error) {
    const { error: answer, unlisted = false } = untold ?? {}
    if (answer === undefined || (error !== answer && (error as Error).cause !== answer)) throw error
    if (!isNotFound(error)) onUnknown?.(error as DistError, { unlisted })
    return []
  }
}

/** Why there is no list: `NOT_FOUND` where nothing refers to the digest, else why it is not known what does. */
interface Untold {
  readonly error: DistError
  readonly unlisted?: boolean | undefined
}

async function referrersAt(
  request: ListRequest,
  endpoint: Endpoint,
): Promise<readonly Descriptor[] | Untold> {
  const answer = await askList(request, endpoint)
  if (isList(answer)) return answer
  const byTag = await readTag(request, endpoint)
  if (!(byTag instanceof DistError)) return byTag
  // Without a tag there are none, unless the API is there and failed.
  if (!(answer instanceof DistError && isNotFound(byTag))) return { error: byTag }
  const untold = { error: answer, unlisted: true }
  if (!isRetryable(answer)) return untold
  // Signatures are not to be lost by a moment's failure: no other way is left, so this one is taken once more.
  await pauseBefore(1, request.transport.retry, request.signal)
  const again = await askList(request, endpoint)
  return isList(again) ? again : untold
}

function readTag(
  { transport, locator, digest, what, signal }: ListRequest,
  endpoint: Endpoint,
): Promise<readonly Descriptor[] | DistError> {
  const request = objectRequest(endpoint, locator, 'manifest', referrersTag(digest), what, signal)
  return tried(transport, async (hasty) => {
    try {
      const read = await readManifest(hasty, request, undefined)
      return meansSubject(read, digest) ? [] : listed(read, what)
    } catch (error) {
      // Something else than an index of referrers (R30).
      if (hasCode(error, 'MALFORMED', 'NOT_IMPLEMENTED')) return []
      throw error
    }
  })
}

function isList(answer: Awaited<ReturnType<typeof askList>>): answer is readonly Descriptor[] {
  return Array.isArray(answer)
}
