import { randomUUID } from 'node:crypto'
import { algorithmOf, digestOf, isDigest } from '@dist/oci'
import type { Repositories } from './content.js'
import { errorReply, type Reply, reply } from './reply.js'
import type { RecordedRequest } from './request.js'

/** What a path of the upload API names. The id is empty where an upload is to be opened. */
export interface UploadPath {
  readonly repository: string
  readonly id: string
}

export function parseUploadPath(path: string): UploadPath | undefined {
  const match = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path)
  return match === null ? undefined : { repository: match[1] ?? '', id: match[2] ?? '' }
}

export interface UploadsOptions {
  /** Sent as `OCI-Chunk-Min-Length`. Default: not sent. */
  readonly minChunk?: number | undefined
  /** Whether another repository's blob is mounted. Default true; otherwise an upload is opened. */
  readonly mounts?: boolean | undefined
}

/** Blobs on their way in. They become content once they are complete and have the digest that was named. */
export class Uploads {
  readonly #open = new Map<string, { readonly repository: string; content: Uint8Array }>()

  constructor(
    private readonly repositories: Repositories,
    private readonly options: UploadsOptions,
  ) {}

  /** How many are neither complete nor cancelled. */
  get open(): number {
    return this.#open.size
  }

  serve(path: UploadPath, request: RecordedRequest): Reply {
    if (path.id === '') return request.method === 'POST' ? this.#start(path, request) : unsupported()
    const upload = this.#open.get(path.id)
    if (upload === undefined || upload.repository !== path.repository)
      return errorReply(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
    switch (request.method) {
      case 'GET':
        return this.#progress(path, 204)
      case 'PATCH':
        return this.#append(path, request) ?? this.#progress(path, 202)
      case 'PUT':
        return this.#append(path, request) ?? this.#complete(path, request)
      case 'DELETE':
        this.#open.delete(path.id)
        return reply(204)
      default:
        return unsupported()
    }
  }

  #start({ repository }: UploadPath, { query }: RecordedRequest): Reply {
    const digest = query.get('mount') ?? ''
    const held = this.repositories.find(query.get('from') ?? '', 'blobs', digest)
    if (held !== undefined && this.options.mounts !== false) {
      this.repositories.putBlob(repository, held.content, held.mediaType, held.digest)
      return stored(repository, 'blobs', digest)
    }
    const id = randomUUID()
    this.#open.set(id, { repository, content: new Uint8Array() })
    return this.#progress({ repository, id }, 202)
  }

  #append({ id }: UploadPath, request: RecordedRequest): Reply | undefined {
    const upload = this.#open.get(id)
    if (upload === undefined) return unsupported()
    const { content } = upload
    const range = request.headers['content-range']
    if (range !== undefined && !range.startsWith(`${content.byteLength}-`))
      return errorReply(416, 'BLOB_UPLOAD_INVALID', 'out of order')
    upload.content = Buffer.concat([content, request.content ?? new Uint8Array()])
    return undefined
  }

  #complete({ repository, id }: UploadPath, { query }: RecordedRequest): Reply {
    const content = this.#open.get(id)?.content ?? new Uint8Array()
    const digest = query.get('digest') ?? ''
    if (!isDigest(digest) || digestOf(content, algorithmOf(digest)) !== digest)
      return errorReply(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
    this.#open.delete(id)
    this.repositories.putBlob(repository, content, undefined, digest)
    return stored(repository, 'blobs', digest)
  }

  #progress({ repository, id }: UploadPath, status: number): Reply {
    const size = this.#open.get(id)?.content.byteLength ?? 0
    const { minChunk } = this.options
    return reply(status, {
      location: `/v2/${repository}/blobs/uploads/${id}?_state=opaque%2F${size}`,
      range: `0-${Math.max(0, size - 1)}`,
      ...(minChunk === undefined ? {} : { 'oci-chunk-min-length': String(minChunk) }),
    })
  }
}

/** The answer to content that was taken in. */
export function stored(repository: string, kind: 'blobs' | 'manifests', digest: string): Reply {
  const location = `/v2/${repository}/${kind}/${digest}`
  return reply(201, { location, 'docker-content-digest': digest })
}

function unsupported(): Reply {
  return errorReply(405, 'UNSUPPORTED', 'the operation is unsupported')
}
