import { type ContentStore, forEachConcurrently, type Names, oneChunk, readContent } from '@dist/content'
import { type Descriptor, type Digest, hasChildren, maxManifestSize } from '@dist/oci'
import { cosignSubject, cosignTagsOf, formatLocator, type Locator, publishedNames } from '@dist/reference'
import { type CosignTag, cosignKindsOf, type Fetcher, withArtifactTypes } from '@dist/remotes'
import { readArtifact } from './artifact.js'
import type { Source } from './source.js'

/** Manifests that are read at the same time to find their subjects. */
const concurrency = 16

/**
 * The images of a store as source. A referrer is found if an image in the repository of its subject has recorded it, or if it
 * is published there; a tag of cosign if it is published there. Throws `NOT_FOUND` for names and content that do not exist,
 * `FAILED_PRECONDITION` for a damaged manifest.
 */
export function storeSource(content: ContentStore, names: Names): Source {
  const repositories = new Map<string, Promise<RepositoryReferrers>>()
  const referring = (locator: Locator) => {
    const repository = formatLocator(locator)
    const known = repositories.get(repository) ?? referrersIn(repository, content, names)
    repositories.set(repository, known)
    return known
  }
  return {
    resolve: async (reference) => {
      const { desc } = await names.get(publishedNames(reference).at(-1) ?? '')
      return { name: reference, desc }
    },
    fetcher: () => fetcherOf(content),
    referrers: async (locator, digest, { artifactTypes } = {}) => {
      const { bySubject } = await referring(locator)
      return withArtifactTypes([...(bySubject.get(digest)?.values() ?? [])], artifactTypes)
    },
    cosignTags: async (locator, subjects, { artifactTypes } = {}) => {
      const { cosignTags } = await referring(locator)
      const kinds = cosignKindsOf(artifactTypes)
      const wanted = subjects.flatMap((subject) => cosignTagsOf(subject, kinds))
      return wanted.flatMap((tag) => cosignTags.get(tag) ?? [])
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

/** What is attached to the images of one repository. */
interface RepositoryReferrers {
  readonly bySubject: Map<Digest, Map<Digest, Descriptor>>
  readonly cosignTags: Map<string, CosignTag>
}

/** The manifests with a subject that are published or recorded in a repository, and its tags of cosign. */
async function referrersIn(
  repository: string,
  content: ContentStore,
  names: Names,
): Promise<RepositoryReferrers> {
  const found: RepositoryReferrers = { bySubject: new Map(), cosignTags: new Map() }
  const asked = new Set<Digest>()
  await forEachConcurrently(names.list(), concurrency, async ({ name, desc, referrers }) => {
    const rest = name.startsWith(repository) ? name[repository.length] : undefined
    if (rest !== ':' && rest !== '@') return
    const tag = name.slice(repository.length + 1)
    const subject = cosignSubject(tag)
    if (subject !== undefined) found.cosignTags.set(tag, { tag, subject, desc })
    for (const each of [desc, ...(referrers?.manifests ?? [])]) {
      // Names of one repository often share an image.
      if (asked.has(each.digest)) continue
      asked.add(each.digest)
      await addReferrer(each, found, content)
    }
  })
  return found
}

async function addReferrer(
  desc: Descriptor,
  { bySubject }: RepositoryReferrers,
  content: ContentStore,
): Promise<void> {
  // Reading an image that cannot be read reports the error.
  const { subject, desc: referrer } = (await readArtifact(desc, content)) ?? {}
  if (subject === undefined || referrer === undefined) return
  bySubject.set(
    subject,
    (bySubject.get(subject) ?? new Map<Digest, Descriptor>()).set(referrer.digest, referrer),
  )
}
