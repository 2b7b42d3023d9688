import type { Held } from './content.js'
import { errorReply, type Reply, reply } from './reply.js'
import type { RecordedRequest } from './request.js'

/** What a path of the API names. */
export interface ApiPath {
  readonly repository: string
  readonly kind: 'manifests' | 'blobs'
  readonly object: string
}

export function parseApiPath(path: string): ApiPath | undefined {
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path)
  if (match === null) return undefined
  const [, repository = '', kind, object = ''] = match
  return { repository, kind: kind as ApiPath['kind'], object }
}

export function serveManifest(held: Held | undefined, request: RecordedRequest): Reply {
  if (held === undefined) return errorReply(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
  return request.method === 'GET' || request.method === 'HEAD'
    ? reply(200, headersOf(held), held.content)
    : errorReply(405, 'UNSUPPORTED', 'the operation is unsupported')
}

export function serveBlob(held: Held | undefined, request: RecordedRequest): Reply {
  if (held === undefined) return errorReply(404, 'BLOB_UNKNOWN', 'blob unknown to registry')
  const headers = { ...headersOf(held), 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' }
  const { byteLength } = held.content
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (range === null) return reply(200, headers, held.content)
  const first = Number(range[1])
  const last = range[2] === '' ? byteLength - 1 : Math.min(Number(range[2]), byteLength - 1)
  if (first > last) return reply(416, { 'content-range': `bytes */${byteLength}` })
  const partial = { ...headers, 'content-range': `bytes ${first}-${last}/${byteLength}` }
  return { ...reply(206, partial, held.content.subarray(first, last + 1)) }
}

function headersOf(held: Held) {
  return { 'content-type': held.mediaType, 'docker-content-digest': held.digest }
}
