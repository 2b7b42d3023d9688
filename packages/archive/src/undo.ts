import type { ContentStore, Names } from '@dist/content'
import { type Code, DistError, hasCode, isNotFound } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { collectImage } from './collect.js'

export interface ImportStore {
  readonly content: ContentStore
  readonly names: Names
}

/** Images that are looked into at the same time. */
const imagesAtOnce = 16

/** What is wrong with an image itself, not with the store. */
const damage: readonly Code[] = [
  'FAILED_PRECONDITION',
  'MALFORMED',
  'NOT_IMPLEMENTED',
  'RESOURCE_EXHAUSTED',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
]

/** Deletes content, but for what published images need: somebody may have published one meanwhile. */
export async function discard(digests: ReadonlySet<Digest>, { content, names }: ImportStore): Promise<void> {
  if (digests.size === 0) return
  const going = new Set(digests)
  for await (const needed of neededContent({ content, names })) {
    if (needed === 'unknown') return
    for (const digest of needed) going.delete(digest)
  }
  for (const digest of going) {
    try {
      await content.delete(digest)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

/** What the published images need, a few of them at a time; `unknown` where one cannot be read. */
async function* neededContent({ content, names }: ImportStore): AsyncIterable<Digest[] | 'unknown'> {
  const needs = async (image: Parameters<typeof collectImage>[0]) => {
    try {
      const { objects } = await collectImage(image, content)
      return objects.map(({ digest }) => digest)
    } catch (error) {
      if (hasCode(error, ...damage)) return 'unknown'
      throw error
    }
  }
  let batch: Promise<Digest[] | 'unknown'>[] = []
  for await (const image of names.list()) {
    batch.push(needs(image))
    if (batch.length < imagesAtOnce) continue
    yield* await Promise.all(batch)
    batch = []
  }
  yield* await Promise.all(batch)
}

/**
 * Takes back what a failed import has brought into the store. Resolves to the failure, which says so where that did
 * not work.
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
    const message = `${failure.message}; what was taken in is left in the store: ${error.message}`
    return new DistError(failure.code, message, { cause: failure, retryable: failure.retryable })
  }
}
