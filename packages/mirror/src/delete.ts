import {
  type ContentStore,
  forEachConcurrently,
  gather,
  type Names,
  oneChunk,
  type Provider,
} from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import { type Digest, maxManifestSize } from '@dist/oci'
import { needsOf } from './needs.js'

export interface DeleteOptions {
  /** Deletes also what images need; their names go first. Default: false. */
  force?: boolean | undefined
}

/** Content that stays, and the names of all images that need it, sorted. */
export interface RefusedDelete {
  readonly digest: Digest
  readonly images: readonly string[]
}

export interface DeleteOutcome {
  readonly deleted: readonly Digest[]
  readonly missing: readonly Digest[]
  /** What images need; empty with `force`. */
  readonly refused: readonly RefusedDelete[]
  /** Names that needed some of it and therefore are no longer published; empty without `force`. */
  readonly unpublished: readonly string[]
}

/** Calls to the store at the same time. */
const callsAtOnce = 16

/**
 * Deletes content. A published name vouches for everything below it: what it needs is refused, or, with `force`, deleted
 * once the name is unpublished. What is not there is reported, not an error.
 */
export async function deleteContent(
  digests: readonly Digest[],
  content: ContentStore,
  names: Names,
  { force = false }: DeleteOptions = {},
): Promise<DeleteOutcome> {
  const asked = new Set(digests)
  const unread: unknown[] = []
  const needs = await needsOf(asked, { content: tolerant(content, asked, unread), names })
  const refused = force ? [] : [...asked].flatMap((digest) => refusalOf(digest, needs.get(digest)?.images))
  const unpublished = force
    ? await unpublish(
        [...needs.values()].flatMap(({ images }) => images),
        names,
      )
    : []
  const kept = new Set(refused.map(({ digest }) => digest))
  const going = [...asked].filter((digest) => !kept.has(digest))
  // What a manifest names that cannot be read now may be among them.
  if (!force && going.length > 0 && unread.length > 0) throw unread[0]
  const missing = new Set<Digest>()
  await forEachConcurrently(going, callsAtOnce, async (digest) => {
    if (!(await wasDeleted(content.delete(digest)))) missing.add(digest)
  })
  const deleted = going.filter((digest) => !missing.has(digest))
  return { deleted, missing: [...missing], refused, unpublished }
}

function refusalOf(digest: Digest, images: readonly string[] | undefined): RefusedDelete[] {
  return images === undefined ? [] : [{ digest, images }]
}

async function unpublish(needing: readonly string[], names: Names): Promise<string[]> {
  const unpublished = [...new Set(needing)].sort()
  // Somebody else may be first.
  await forEachConcurrently(
    unpublished,
    callsAtOnce,
    async (name) => void (await wasDeleted(names.delete(name))),
  )
  return unpublished
}

/**
 * Of what is to be deleted nothing has to be readable: a manifest that the disk fails to give counts as not there, and
 * its error is put into `unread`.
 */
function tolerant(content: Provider, asked: ReadonlySet<Digest>, unread: unknown[]): Provider {
  return {
    open: async (desc, options) => {
      if (!asked.has(desc.digest)) return content.open(desc, options)
      try {
        return oneChunk(await gather(await content.open(desc, options), maxManifestSize, desc.digest))
      } catch (cause) {
        if (isNotFound(cause)) throw cause
        unread.push(cause)
        throw new DistError('NOT_FOUND', `${desc.digest} cannot be read, and is to be deleted`, { cause })
      }
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
