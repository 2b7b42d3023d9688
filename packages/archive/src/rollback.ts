import { forEachConcurrently, type Image, isUnreadable, type Store } from '@dist/content'
import { DistError, hasCode, isNotFound } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { collectImage } from './collect.js'

/** The store that an archive is imported into. */
export type ImportStore = Pick<Store, 'content' | 'names'>

/** Images that are walked at the same time. */
const concurrency = 16

/** Deletes content, except what published images need: another process may have published one meanwhile. */
export async function discard(digests: ReadonlySet<Digest>, store: ImportStore): Promise<void> {
  if (digests.size === 0) return
  const unneeded = new Set(digests)
  let isUnknown = false
  await forEachConcurrently(store.names.list(), concurrency, async (image) => {
    const needed = isUnknown ? [] : await neededBy(image, store)
    if (needed === undefined) isUnknown = true
    else for (const digest of needed) unneeded.delete(digest)
  })
  if (isUnknown) return
  for (const digest of unneeded) {
    try {
      await store.content.delete(digest)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

/** The content of an image; undefined if its manifests or its selection cannot be read. */
async function neededBy(image: Image, { content }: ImportStore): Promise<Digest[] | undefined> {
  try {
    const { objects } = await collectImage(image, content)
    return objects.map(({ digest }) => digest)
  } catch (error) {
    if (isUnreadable(error) || hasCode(error, 'INVALID_ARGUMENT')) return undefined
    throw error
  }
}

/**
 * Deletes what a failed import has written to the store. Resolves to the failure; if deleting fails, too, its message says
 * that content is left in the store.
 */
export async function withRollback(
  failure: unknown,
  digests: ReadonlySet<Digest>,
  store: ImportStore,
): Promise<unknown> {
  try {
    await discard(digests, store)
    return failure
  } catch (error) {
    if (!(failure instanceof DistError) || !(error instanceof Error)) return failure
    const message = `${failure.message}; imported content is left in the store: ${error.message}`
    return new DistError(failure.code, message, { cause: failure, retryable: failure.retryable })
  }
}
