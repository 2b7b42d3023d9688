import { DistError } from '@dist/errdefs'
import { type Digest, hasChildren, mediaTypes } from '@dist/oci'
import { ApiError } from '../api-error.js'
import { etagOf, isUnchanged } from '../conditional.js'
import type { Exchange } from '../exchange.js'
import type { Parts } from '../parts.js'
import type { TagOrDigest } from '../path.js'
import type { PublishedRepository } from '../published/repository.js'

/** A manifest that a repository serves. */
interface Found {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
}

/** `/v2/<name>/manifests/<reference>`. Distribution specification, "Pulling manifests". */
export async function answerManifest(
  { published, documents }: Parts,
  exchange: Exchange,
  name: string,
  reference: TagOrDigest,
): Promise<void> {
  const repository = published.repository(name)
  const { digest, mediaType, size } = await ('tag' in reference
    ? tagged(repository, reference.tag)
    : named(repository, reference.digest))
  const own = { 'docker-content-digest': digest, etag: etagOf(digest) }
  if (isUnchanged(exchange.request.headers['if-none-match'], digest)) return exchange.end(304, own)
  const content = documents.peek(digest) ?? (await documents.read(digest))
  if (content.byteLength !== size)
    throw new DistError('FAILED_PRECONDITION', `${digest} has ${content.byteLength} bytes, expected ${size}`)
  repository.read(digest, content)
  exchange.send(200, { ...own, 'content-type': typeOf(mediaType) }, content)
}

async function tagged(repository: PublishedRepository, tag: string): Promise<Found> {
  const image = await repository.image(`${repository.name}:${tag}`)
  if (image === undefined) throw new ApiError('MANIFEST_UNKNOWN', 'no image is published under this tag')
  return image.desc
}

async function named(repository: PublishedRepository, digest: Digest): Promise<Found> {
  const found = await repository.find(digest)
  if (found?.mediaType !== undefined) return { digest, mediaType: found.mediaType, size: found.size }
  const leftOut = repository.leftOut(digest)
  if (leftOut === undefined)
    throw new ApiError('MANIFEST_UNKNOWN', 'no image that is published in this repository has this manifest')
  const platforms = leftOut.selection.join(', ')
  throw new ApiError(
    'MANIFEST_UNKNOWN',
    `this part of the image (${leftOut.platform ?? 'without a platform'}) is not mirrored: it has ${platforms}`,
    { detail: { platforms: leftOut.selection } },
  )
}

/** The type of a known kind of manifest. Other types are written by others, and do not become a header. */
function typeOf(mediaType: string): string {
  return hasChildren(mediaType) ? mediaType : mediaTypes.octetStream
}
