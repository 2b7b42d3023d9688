import {
  type ContentStore,
  forEachConcurrently,
  type Image,
  isUnreadable,
  type Names,
  oneChunk,
  readContent,
} from '@dist/content'
import {
  artifactTypeOf,
  type Descriptor,
  type Digest,
  hasChildren,
  maxManifestSize,
  parseManifest,
} from '@dist/oci'
import { formatLocator, type Locator, publishedNames } from '@dist/reference'
import { type Fetcher, withArtifactTypes } from '@dist/remotes'
import type { Source } from './source.js'

/** Manifests that are read at the same time to find their subjects. */
const concurrency = 16

/**
 * The images of a store as source. A referrer is found if it is published in the repository of its subject. Throws
 * `NOT_FOUND` for names and content that do not exist, `FAILED_PRECONDITION` for a damaged manifest.
 */
export function storeSource(content: ContentStore, names: Names): Source {
  const subjects = new Map<string, Promise<ReadonlyMap<Digest, readonly Descriptor[]>>>()
  return {
    resolve: async (reference) => {
      const { desc } = await names.get(publishedNames(reference).at(-1) ?? '')
      return { name: reference, desc }
    },
    fetcher: () => fetcherOf(content),
    referrers: async (locator, digest, { artifactTypes } = {}) => {
      const repository = formatLocator(locator)
      const known = subjects.get(repository) ?? subjectsOf(locator, content, names)
      subjects.set(repository, known)
      return withArtifactTypes((await known).get(digest) ?? [], artifactTypes)
    },
  }
}

function fetcherOf(content: ContentStore): Fetcher {
  return {
    fetch: async (desc, { offset = 0, signal } = {}) => {
      const options = { signal }
      // Verified here, so that the error names the store.
      const body = hasChildren(desc.mediaType)
        ? oneChunk((await readContent(content, desc, maxManifestSize, options)).subarray(offset))
        : await content.open(desc, { offset, ...options })
      return { offset, body }
    },
  }
}

/** The manifests with a subject that are published in a repository, by subject. */
async function subjectsOf(
  locator: Locator,
  content: ContentStore,
  names: Names,
): Promise<Map<Digest, Descriptor[]>> {
  const bySubject = new Map<Digest, Map<Digest, Descriptor>>()
  const repository = formatLocator(locator)
  await forEachConcurrently(names.list(), concurrency, async ({ name, desc }) => {
    const rest = name.startsWith(repository) ? name[repository.length] : undefined
    if (rest !== ':' && rest !== '@') return
    const found = await referrerOf(desc, content)
    if (found === undefined) return
    const { subject, referrer } = found
    bySubject.set(
      subject,
      (bySubject.get(subject) ?? new Map<Digest, Descriptor>()).set(desc.digest, referrer),
    )
  })
  return new Map([...bySubject].map(([subject, found]) => [subject, [...found.values()]]))
}

/** Undefined for a manifest that cannot be read: reading that image itself reports the error. */
async function referrerOf(
  desc: Image['desc'],
  content: ContentStore,
): Promise<{ subject: Digest; referrer: Descriptor } | undefined> {
  if (!hasChildren(desc.mediaType)) return undefined
  try {
    const document = await readContent(content, desc, maxManifestSize)
    const manifest = parseManifest(document, desc.mediaType, desc.digest)
    if (manifest.subject === undefined) return undefined
    return { subject: manifest.subject.digest, referrer: { ...desc, artifactType: artifactTypeOf(manifest) } }
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}
