import type { ContentStore, Names } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { inspectImage, visit } from './inspect.js'

export interface DeleteOutcome {
  readonly deleted: readonly Digest[]
  readonly missing: readonly Digest[]
  /** Names that needed some of it and therefore are no longer published. */
  readonly unpublished: readonly string[]
}

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
  const deleted: Digest[] = []
  const missing: Digest[] = []
  for (const digest of going) {
    try {
      await content.delete(digest)
      deleted.push(digest)
    } catch (error) {
      if (!isNotFound(error)) throw error
      missing.push(digest)
    }
  }
  return { deleted, missing, unpublished }
}

async function unpublishNeeding(
  going: ReadonlySet<string>,
  content: ContentStore,
  names: Names,
): Promise<string[]> {
  const needing: string[] = []
  for await (const image of names.list()) {
    let needs = false
    const root = await inspectImage(image, content)
    visit(root, ({ desc, selected }) => {
      if (selected && going.has(desc.digest)) needs = true
    })
    if (needs) needing.push(image.name)
  }
  for (const name of needing) await unpublish(name, names)
  return needing
}

async function unpublish(name: string, names: Names): Promise<void> {
  try {
    await names.delete(name)
  } catch (error) {
    // Somebody else was first.
    if (!isNotFound(error)) throw error
  }
}
