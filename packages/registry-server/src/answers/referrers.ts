import { type Descriptor, type Digest, mediaTypes } from '@dist/oci'
import type { Exchange } from '../exchange.js'
import type { Parts } from '../parts.js'
import { compareBytes, nextLink, type PageQuery, pageOf } from './page.js'

/** The most descriptors of one answer: clients take indexes of at most 4 MiB. */
const maxReferrers = 1_000

/**
 * `/v2/<name>/referrers/<digest>`. Distribution specification, "Listing Referrers". Always an index, which may be empty.
 */
export async function answerReferrers(
  { published }: Parts,
  exchange: Exchange,
  repository: string,
  subject: Digest,
  query: PageQuery,
): Promise<void> {
  const all = await published.repository(repository).referrersOf(subject)
  const type = query.parameters.get('artifactType')
  const wanted = type === null ? all : all.filter(({ artifactType }) => artifactType === type)
  const byDigest = new Map<string, Descriptor>(wanted.map((desc) => [desc.digest, desc]))
  const { items, last } = pageOf([...byDigest.keys()], query, compareBytes, maxReferrers)
  const manifests = items.map((digest) => byDigest.get(digest))
  exchange.send(
    200,
    {
      'content-type': mediaTypes.ociIndex,
      ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(last === undefined ? {} : { link: nextLink(query, last) }),
    },
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
  )
}
