import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Entry, listing, objectNames, partNames, uploadNames, type WayOn } from './scripted-s3-lists.js'

/** What this server does otherwise than Amazon's; may be changed at any time. */
export interface S3Quirks {
  /** The path that the API stands below, such as `/storage/v1/s3`. Default: none. */
  base: string
  /** Entries of one page of any list. Default 1,000. */
  page: number
  /** How a truncated list says how to go on. Default: as Amazon. */
  wayOn: WayOn
  /** Whether uploads are listed below a prefix, of exact keys alone (and all without one), or not at all. */
  uploads: 'below' | 'exact' | 'exact-or-all' | 'never'
  /** The status that a conditional put is answered with, and its error. Default: it is understood. */
  conditional: readonly [status: number, error: string] | undefined
  /** Is waited for before an upload is completed; what it writes comes before the document. */
  completing: ((response: ServerResponse) => Promise<void> | void) | undefined
  /** Awaited between the completion of an upload and the answer. */
  completed: ((response: ServerResponse) => Promise<void> | void) | undefined
  /** Asked before each request; an error is answered in its place. */
  fault: (request: S3Request) => readonly [status: number, error: string] | undefined
}

export interface S3Request {
  readonly method: string
  /** Behind the bucket, decoded. */
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
}

interface Upload {
  readonly key: string
  readonly startedAt: Date
  readonly parts: Map<number, Buffer>
}

export interface ScriptedS3 {
  /** Without the path that the API stands below. */
  readonly origin: string
  readonly quirks: S3Quirks
  readonly objects: Map<string, Buffer>
  /** When each object was written; those that are not written through the server have no time. */
  readonly written: Map<string, Date>
  /** By id. */
  readonly uploads: Map<string, Upload>
  requests(): readonly S3Request[]
  /** `s3://bucket/prefix?endpoint=...`. */
  url(prefix: string, bucket?: string): string
  stop(): Promise<void>
}

/** Any key is taken. */
export const s3Credentials = { accessKeyId: 'scripted', secretAccessKey: 'scripted' }

/**
 * An S3 server with one bucket under any name, in memory, for what real servers of other makers do and Ceph's does
 * not. It believes every signature: those are for the real one.
 */
export async function startScriptedS3(quirks: Partial<S3Quirks> = {}): Promise<ScriptedS3> {
  const requests: S3Request[] = []
  const state: State = {
    quirks: {
      ...{ base: '', page: 1000, wayOn: 'token', uploads: 'below', conditional: undefined },
      ...{ completing: undefined, completed: undefined, fault: () => undefined },
      ...quirks,
    },
    objects: new Map(),
    written: new Map(),
    uploads: new Map(),
  }
  const server = createServer((incoming, response) => {
    answer(state, requests, incoming, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    ...state,
    origin,
    requests: () => requests,
    url: (prefix, bucket = 'scripted') => `s3://${bucket}/${prefix}?endpoint=${origin}${state.quirks.base}`,
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

type State = Pick<ScriptedS3, 'quirks' | 'objects' | 'written' | 'uploads'>

class S3Failure extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
  ) {
    super(error)
  }
}

async function answer(
  state: State,
  requests: S3Request[],
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = Buffer.concat(await incoming.toArray())
  try {
    const request = read(state, incoming)
    requests.push(request)
    const fault = state.quirks.fault(request)
    if (fault !== undefined) throw new S3Failure(...fault)
    await serve(state, request, body, response)
  } catch (error) {
    if (!(error instanceof S3Failure)) throw error
    const document = xml('Error', `<Code>${error.error}</Code><Message>scripted</Message>`)
    // Some learn only after they have begun to answer that they cannot.
    if (!response.headersSent) response.writeHead(error.status, { 'content-type': 'application/xml' })
    response.end(incoming.method === 'HEAD' ? undefined : document)
  }
}

function read({ quirks }: State, { method = '', url = '', headers }: IncomingMessage): S3Request {
  const { pathname, searchParams: query } = new URL(url, 'http://s3')
  if (!pathname.startsWith(`${quirks.base}/`)) throw new S3Failure(404, 'NoSuchBase')
  const [, , ...key] = decodeURIComponent(pathname.slice(quirks.base.length)).split('/')
  return { method, key: key.join('/'), query, headers }
}

async function serve(state: State, request: S3Request, body: Buffer, response: ServerResponse) {
  const { method, key, query } = request
  if (method === 'POST' && query.has('delete')) return removeAll(state, body, response)
  if (key === '') return list(state, request, response)
  const id = query.get('uploadId')
  if (id !== null) return serveUpload(state, request, id, body, response)
  if (method === 'POST' && query.has('uploads')) return begin(state, key, response)
  if (method === 'PUT') return put(state, request, body, response)
  if (method === 'DELETE') {
    state.objects.delete(key)
    return void response.writeHead(204).end()
  }
  return get(state, request, response)
}

function list({ quirks, objects, written, uploads }: State, { query }: S3Request, response: ServerResponse) {
  const asked = { query, page: quirks.page, wayOn: quirks.wayOn }
  const prefix = query.get('prefix') ?? ''
  if (!query.has('uploads')) {
    const below = [...objects]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, content]) => ({
        name,
        size: content.byteLength,
        etag: etagOf(content),
        at: written.get(name),
      }))
    return document(response, 'ListBucketResult', listing(objectNames, below, asked))
  }
  const all: Entry[] = [...uploads].map(([id, { key, startedAt }]) => ({ name: key, id, at: startedAt }))
  const shown = all.filter(({ name }) => isShown(quirks.uploads, name, prefix))
  return document(response, 'ListMultipartUploadsResult', listing(uploadNames, shown, asked))
}

function removeAll({ objects }: State, body: Buffer, response: ServerResponse): void {
  const keys = [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key)
  for (const key of keys) objects.delete(key)
  document(response, 'DeleteResult', keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join(''))
}

function isShown(uploads: S3Quirks['uploads'], key: string, prefix: string): boolean {
  if (uploads === 'below') return key.startsWith(prefix)
  return uploads !== 'never' && (key === prefix || (uploads === 'exact-or-all' && prefix === ''))
}

function begin({ uploads }: State, key: string, response: ServerResponse): void {
  const id = `upload-${uploads.size + 1}-${createHash('md5').update(key).digest('hex').slice(0, 8)}`
  uploads.set(id, { key, startedAt: new Date(), parts: new Map() })
  document(response, 'InitiateMultipartUploadResult', `<Key>${key}</Key><UploadId>${id}</UploadId>`)
}

async function serveUpload(
  state: State,
  { method, query }: S3Request,
  id: string,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const upload = state.uploads.get(id)
  if (upload === undefined) throw new S3Failure(404, 'NoSuchUpload')
  if (method === 'PUT') {
    upload.parts.set(Number(query.get('partNumber')), body)
    response.writeHead(200, { etag: etagOf(body) }).end()
  } else if (method === 'DELETE') {
    state.uploads.delete(id)
    response.writeHead(204).end()
  } else if (method === 'POST') {
    await complete(state, id, upload, response)
  } else {
    const parts = [...upload.parts].map(([number, { byteLength }]) => ({
      name: String(number),
      size: byteLength,
      at: upload.startedAt,
    }))
    const asked = { query, page: state.quirks.page, wayOn: state.quirks.wayOn }
    document(response, 'ListPartsResult', listing(partNames, parts, asked))
  }
}

async function complete(state: State, id: string, upload: Upload, response: ServerResponse): Promise<void> {
  const { quirks, objects, written, uploads } = state
  await quirks.completing?.(response)
  // Others may have given it up meanwhile: then its parts are gone.
  if (!uploads.delete(id)) throw new S3Failure(404, 'NoSuchUpload')
  const content = Buffer.concat([...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part))
  objects.set(upload.key, content)
  written.set(upload.key, new Date())
  await quirks.completed?.(response)
  document(
    response,
    'CompleteMultipartUploadResult',
    `<Key>${upload.key}</Key><ETag>${etagOf(content)}</ETag>`,
  )
}

function put(
  { quirks, objects, written }: State,
  { key, headers }: S3Request,
  body: Buffer,
  response: ServerResponse,
) {
  if (headers['if-none-match'] !== undefined) {
    if (quirks.conditional !== undefined) throw new S3Failure(...quirks.conditional)
    if (objects.has(key)) throw new S3Failure(412, 'PreconditionFailed')
  }
  objects.set(key, body)
  written.set(key, new Date())
  response.writeHead(200, { etag: etagOf(body) }).end()
}

function get(
  { objects, written }: State,
  { method, key, headers }: S3Request,
  response: ServerResponse,
): void {
  const content = objects.get(key)
  if (content === undefined) throw new S3Failure(404, 'NoSuchKey')
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
  if (from > 0 && from >= content.byteLength) throw new S3Failure(416, 'InvalidRange')
  const range = `bytes ${from}-${content.byteLength - 1}/${content.byteLength}`
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': content.byteLength - from,
    'last-modified': (written.get(key) ?? new Date()).toUTCString(),
    ...(from > 0 ? { 'content-range': range } : {}),
  })
  response.end(method === 'HEAD' ? undefined : content.subarray(from))
}

function document(response: ServerResponse, root: string, inside: string): void {
  // A quirk has answered already.
  if (response.writableEnded || response.destroyed) return
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/xml' })
  response.end(xml(root, inside))
}

function xml(root: string, inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${inside}</${root}>`
}

function etagOf(content: Buffer): string {
  return `"${createHash('md5').update(content).digest('hex')}"`
}
