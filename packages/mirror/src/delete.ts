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
  /** Also delete content that images need, after their names. Default: false. */
  force?: boolean | undefined
}

/** Content that is not deleted, with the names of all images that need it, sorted. */
export interface RefusedDelete {
  readonly digest: Digest
  readonly images: readonly string[]
}

export interface DeleteOutcome {
  readonly deleted: readonly Digest[]
  readonly missing: readonly Digest[]
  /** Content that images need; empty with `force`. */
  readonly refused: readonly RefusedDelete[]
  /** Names that were removed because they needed some of it; empty without `force`. */
  readonly unpublished: readonly string[]
}

/** Calls to the store at the same time. */
const concurrency = 16

/**
 * Deletes content. Content that a published image needs is refused, or with `force` deleted after the name of the image.
 * Missing content is reported and is no error.
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
  // A manifest that cannot be read now may name some of them.
  if (!force && going.length > 0 && unread.length > 0) throw unread[0]
  const missing = new Set<Digest>()
  await forEachConcurrently(going, concurrency, async (digest) => {
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
  // Another process may have deleted it already.
  await forEachConcurrently(
    unpublished,
    concurrency,
    async (name) => void (await wasDeleted(names.delete(name))),
  )
  return unpublished
}

/**
 * Content that is to be deleted need not be readable: a manifest that the store fails to read counts as missing, and its
 * error is added to `unread`.
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
        throw new DistError('NOT_FOUND', `${desc.digest} cannot be read and will be deleted`, { cause })
      }
    },
  }
}

/** Whether it existed. */
async function wasDeleted(deleting: Promise<void>): Promise<boolean> {
  try {
    await deleting
    return true
  } catch (error) {
    if (!isNotFound(error)) throw error
    return false
  }
}
