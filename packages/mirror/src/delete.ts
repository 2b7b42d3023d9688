import type { ContentStore, Names, Provider } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { forEachOf } from './each.js'
import { needsOf } from './needs.js'

export interface DeleteOutcome {
  readonly deleted: readonly Digest[]
  readonly missing: readonly Digest[]
  /** Names that needed some of it and therefore are no longer published. */
  readonly unpublished: readonly string[]
}

/** Calls to the store at the same time. */
const callsAtOnce = 16

/**
 * Deletes content. A published name vouches for everything below it, so names that need what goes are
 * unpublished first. What is not there is reported, not an error.
 */
export async function deleteContent(
  digests: readonly Digest[],
  content: ContentStore,
  names: Names,
): Promise<DeleteOutcome> {
  const going = new Set(digests)
  const unpublished = await unpublishNeeding(going, content, names)
  const missing = new Set<Digest>()
  await forEachOf(going, callsAtOnce, async (digest) => {
    if (!(await wasDeleted(content.delete(digest)))) missing.add(digest)
  })
  const deleted = [...going].filter((digest) => !missing.has(digest))
  return { deleted, missing: [...missing], unpublished }
}

async function unpublishNeeding(
  going: ReadonlySet<Digest>,
  content: Provider,
  names: Names,
): Promise<string[]> {
  const needs = await needsOf(going, { content: staying(content, going), names })
  const needing = [...new Set([...needs.values()].flatMap(({ images }) => images))].sort()
  // Somebody else may be first.
  await forEachOf(needing, callsAtOnce, async (name) => void (await wasDeleted(names.delete(name))))
  return needing
}

/** What goes is not read any more: a manifest that the disk fails to give can be deleted like any other. */
function staying(content: Provider, going: ReadonlySet<Digest>): Provider {
  return {
    open: async (desc, options) => {
      if (going.has(desc.digest)) throw new DistError('NOT_FOUND', `${desc.digest} is about to be deleted`)
      return content.open(desc, options)
    },
  }
}

/** Whether there was something to delete. */
async function wasDeleted(deleting: Promise<void>): Promise<boolean> {
  try {
    await deleting
    return true
  } catch (error) {
    if (!isNotFound(error)) throw error
    return false
  }
}
