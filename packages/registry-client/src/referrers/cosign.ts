import { type DistError, isNotFound } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren } from '@dist/oci'
import { cosignTagsOf } from '@dist/reference'
import { type CosignTag, cosignKindsOf, type ReferrersOptions } from '@dist/remotes'
import type { RepositoryContext } from '../repository.js'
import { settleAnswer } from '../request/answer.js'
import { resolveReference } from '../resolve.js'
import { digestTagsOf } from './digest-tags.js'

/** `ReferrersSource.cosignTags`. One listing shows which tags exist, and only those are resolved. */
export async function findCosignTags(
  repository: RepositoryContext,
  subjects: readonly Digest[],
  { signal, artifactTypes, onUnknown }: ReferrersOptions,
): Promise<readonly CosignTag[]> {
  const kinds = cosignKindsOf(artifactTypes)
  if (kinds.length === 0 || subjects.length === 0) return []
  const listed = await digestTagsOf(repository, signal)
  const wanted = subjects
    .flatMap((subject) => cosignTagsOf(subject, kinds).map((tag) => ({ subject, tag })))
    .filter(({ tag }) => listed === undefined || listed.has(tag))
  const found = await Promise.all(
    wanted.map(async ({ subject, tag }): Promise<CosignTag | undefined> => {
      const answer = await settleAnswer(() =>
        resolveReference(repository, { ...repository.locator, tag }, { signal }),
      )
      if ('desc' in answer)
        return isAttached(answer.desc, subject) ? { tag, subject, desc: answer.desc } : undefined
      if (!isNotFound(answer)) onUnknown?.(answer as DistError, { unlisted: listed === undefined })
      return undefined
    }),
  )
  return found.filter((tag) => tag !== undefined)
}

/** Some registries answer every tag with the same content. */
function isAttached({ mediaType, digest }: Descriptor, subject: Digest): boolean {
  return hasChildren(mediaType) && digest !== subject
}
