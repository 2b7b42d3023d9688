import { DistError, isNotFound, isRetryable } from '@dist/errdefs'
import type { Descriptor, Digest } from '@dist/oci'
import { formatLocator } from '@dist/reference'
import { type ReferrersOptions, withArtifactTypes } from '@dist/remotes'
import type { RepositoryContext } from '../repository.js'
import { settleAnswer } from '../request/answer.js'
import { firstEndpoint } from '../request/endpoints.js'
import type { Operation } from '../request/operation.js'
import { pauseBefore } from '../request/retry.js'
import { listReferrers } from './api.js'
import { digestTagsOf } from './digest-tags.js'
import { isOtherContent, readReferrersTag, referrersTag } from './tag.js'

/**
 * `ReferrersSource.referrers`. Requests the registry's API first. If the API returns no list, the list of tags shows whether
 * there is a tag for the referrers.
 */
export async function findReferrers(
  repository: RepositoryContext,
  digest: Digest,
  options: ReferrersOptions,
): Promise<readonly Descriptor[]> {
  const { signal, artifactTypes, onUnknown } = options
  const what = `referrers of ${formatLocator(repository.locator)}@${digest}`
  let unknown: Unknown | undefined
  try {
    return await firstEndpoint(repository, { capability: 'resolve', what, signal }, async (operation) => {
      const found = await referrersAt(repository, operation, digest, artifactTypes)
      // A registry need not filter, and a tag cannot.
      if (!('error' in found)) return withArtifactTypes(found, artifactTypes)
      unknown = found
      throw found.error
    })
  } catch (error) {
    const { error: answer, unlisted = false } = unknown ?? {}
    if (answer === undefined || (error !== answer && (error as Error).cause !== answer)) throw error
    if (!isNotFound(error)) onUnknown?.(error as DistError, { unlisted })
    return []
  }
}

/** Why there is no list: `NOT_FOUND` if nothing refers to the digest, else the reason why its referrers are unknown. */
interface Unknown {
  readonly error: DistError
  readonly unlisted?: boolean | undefined
}

async function referrersAt(
  repository: RepositoryContext,
  operation: Operation,
  digest: Digest,
  artifactTypes: readonly string[] | undefined,
): Promise<readonly Descriptor[] | Unknown> {
  const known = repository.memory.noLists
  const listed = await listReferrers(operation, digest, known, artifactTypes)
  if (isList(listed)) return listed
  const isTagged = listed === 'no repository' || (await mayHaveTag(repository, operation, digest))
  const tagged = isTagged
    ? await settleAnswer(() => referrersByTag(operation, digest))
    : new DistError('NOT_FOUND', `${operation.what}: no tag lists them`)
  if (!(tagged instanceof DistError)) return tagged
  // Without a tag there are no referrers, unless the API exists and failed.
  if (!(listed instanceof DistError && isNotFound(tagged))) return { error: tagged }
  const unknown = { error: listed, unlisted: true }
  if (!isRetryable(listed)) return unknown
  // A temporary failure must not lose signatures, and no alternative is left: one more attempt.
  await pauseBefore(1, operation.retry, operation.signal)
  const again = await listReferrers(operation, digest, known, artifactTypes)
  return isList(again) ? again : unknown
}

/** Whether the repository has the tag for the referrers, as far as its tags are known. */
async function mayHaveTag(
  repository: RepositoryContext,
  { signal }: Operation,
  digest: Digest,
): Promise<boolean> {
  const tags = await digestTagsOf(repository, signal)
  return tags === undefined || tags.has(referrersTag(digest))
}

async function referrersByTag(operation: Operation, digest: Digest): Promise<readonly Descriptor[]> {
  try {
    return await readReferrersTag(operation.singleAttempt(), digest)
  } catch (error) {
    if (isOtherContent(error)) return []
    throw error
  }
}

function isList(answer: Awaited<ReturnType<typeof listReferrers>>): answer is readonly Descriptor[] {
  return Array.isArray(answer)
}
