import { type ContentStore, type Image, type Names, readContent } from '@dist/content'
import { hasCode } from '@dist/errdefs'
import { type Descriptor, type Digest, hasChildren, maxManifestSize, parseManifest } from '@dist/oci'
import { publishedNames } from '@dist/reference'
import pLimit from 'p-limit'
import type { Source } from './plan.js'

/** Manifests that are read at the same time to find what they refer to. */
const readAtOnce = 16

/**
 * The images of a store, as a source. What refers to an image is known where it has a name of its own in the store.
 * `NOT_FOUND` for a name that is not published.
 */
export function storeSource(content: ContentStore, names: Names): Source {
  let subjects: Promise<ReadonlyMap<Digest, readonly Descriptor[]>> | undefined
  return {
    resolve: async (reference) => {
      const { desc } = await names.get(publishedNames(reference).at(-1) ?? '')
      return { name: reference, desc }
    },
    fetcher: () => ({
      fetch: async (desc, { offset = 0, signal } = {}) => {
        const body = await content.open(desc, { offset, ...(signal === undefined ? {} : { signal }) })
        return { offset, body }
      },
    }),
    referrers: async (_locator, digest) => {
      subjects ??= subjectsOf(content, names)
      return (await subjects).get(digest) ?? []
    },
  }
}

async function subjectsOf(content: ContentStore, names: Names): Promise<Map<Digest, Descriptor[]>> {
  const bySubject = new Map<Digest, Descriptor[]>()
  const limit = pLimit(readAtOnce)
  const reading: Promise<void>[] = []
  const note = async ({ desc }: Image) => {
    const subject = await subjectOf(desc, content)
    if (subject !== undefined) bySubject.set(subject, [...(bySubject.get(subject) ?? []), desc])
  }
  for await (const image of names.list()) reading.push(limit(() => note(image)))
  await Promise.all(reading)
  return bySubject
}

/** None of what is not there or cannot be read: that is for those to say who want the image itself. */
async function subjectOf(desc: Descriptor, content: ContentStore): Promise<Digest | undefined> {
  if (!hasChildren(desc.mediaType)) return undefined
  try {
    const document = await readContent(content, desc, maxManifestSize)
    return parseManifest(document, desc.mediaType, desc.digest).subject?.digest
  } catch (error) {
    if (
      hasCode(error, 'NOT_FOUND', 'MALFORMED', 'NOT_IMPLEMENTED', 'FAILED_PRECONDITION', 'RESOURCE_EXHAUSTED')
    )
      return undefined
    throw error
  }
}
