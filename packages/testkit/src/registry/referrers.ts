import { type Digest, mediaTypes } from '@dist/oci'
import type { Held, Repositories } from './content.js'
import { errorReply, type Reply, reply } from './reply.js'
import type { RecordedRequest } from './request.js'
import { stored } from './uploads.js'

export interface ReferrersPath {
  readonly repository: string
  readonly digest: string
}

export function parseReferrersPath(path: string): ReferrersPath | undefined {
  const match = /^\/v2\/(.+)\/referrers\/([^/]+)$/.exec(path)
  return match === null ? undefined : { repository: match[1] ?? '', digest: match[2] ?? '' }
}

/** The list of what refers to a digest, so many to a page; of one artifact type if the request asks for it. */
export function serveReferrers(
  content: Repositories,
  { repository, digest }: ReferrersPath,
  { query, path }: RecordedRequest,
  pageSize: number,
): Reply {
  const type = query.get('artifactType')
  const all = content
    .manifestsOf(repository)
    .flatMap((held) => referrerOf(held, digest))
    .filter(({ artifactType }) => type === null || artifactType === type)
  const first = Number(query.get('from') ?? 0)
  const manifests = all.slice(first, first + pageSize)
  const next = first + pageSize
  const link =
    next < all.length
      ? {
          link: `<${path}?from=${next}${type === null ? '' : `&artifactType=${encodeURIComponent(type)}`}>; rel="next"`,
        }
      : {}
  const applied = type === null ? {} : { 'oci-filters-applied': 'artifactType' }
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  return reply(200, { 'content-type': mediaTypes.ociIndex, ...link, ...applied }, JSON.stringify(document))
}

export interface TakeOptions {
  /** Says in its answer that it has seen the subject. */
  readonly knowsReferrers: boolean
  /** Refuses what names content that it does not have. */
  readonly strict: boolean
}

/** Takes a manifest in. */
export function takeManifest(
  content: Repositories,
  repository: string,
  object: string,
  request: RecordedRequest,
  { knowsReferrers, strict }: TakeOptions,
): Reply {
  const bytes = request.content ?? new Uint8Array()
  const lacking = strict ? lackingFor(content, repository, documentOf(bytes)) : []
  if (lacking.length > 0) return lackingReply(lacking)
  const isTag = !object.includes(':')
  const mediaType = request.headers['content-type'] ?? ''
  const { digest } = content.putManifest(
    repository,
    bytes,
    mediaType,
    isTag ? object : undefined,
    isTag ? undefined : (object as Digest),
  )
  if (!isTag && digest !== object) return errorReply(400, 'DIGEST_INVALID', 'provided digest did not match')
  const answer = stored(repository, 'manifests', digest)
  const subject = documentOf(bytes).subject?.digest
  if (!knowsReferrers || subject === undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'oci-subject': subject } }
}

function referrerOf(held: Held, digest: string): { artifactType: string | undefined }[] {
  const { subject, artifactType, config, annotations } = documentOf(held.content)
  if (subject?.digest !== digest) return []
  const type = artifactType ?? config?.mediaType
  const { mediaType, content } = held
  const entry = { mediaType, digest: held.digest, size: content.byteLength, annotations }
  return [{ ...entry, artifactType: type }]
}

interface Named {
  readonly mediaType: string
  readonly digest: string
}

function lackingFor(content: Repositories, repository: string, document: Document): string[] {
  const { config, layers = [], manifests = [] } = document
  const blobs = [...(config === undefined ? [] : [config]), ...layers]
  return [
    ...blobs.filter(({ digest }) => content.find(repository, 'blobs', digest) === undefined),
    ...manifests.filter(({ digest }) => content.find(repository, 'manifests', digest) === undefined),
  ].map(({ digest }) => digest)
}

/** As docker-registry says it: an error for each. */
function lackingReply(digests: readonly string[]): Reply {
  const errors = digests.map((digest) => ({
    code: 'MANIFEST_BLOB_UNKNOWN',
    message: 'blob unknown to registry',
    detail: { digest },
  }))
  return reply(400, { 'content-type': 'application/json' }, JSON.stringify({ errors }))
}

interface Document {
  readonly subject?: { readonly digest?: string | undefined }
  readonly artifactType?: string | undefined
  readonly config?: Named | undefined
  readonly layers?: readonly Named[] | undefined
  readonly manifests?: readonly Named[] | undefined
  readonly annotations?: object | undefined
}

function documentOf(content: Uint8Array): Document {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'))
  } catch {
    return {}
  }
}
