import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Manager, Names, Provider } from '@dist/content'
import { isDamaged, isUnreadable } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { answerBlob } from './answers/blob.js'
import { answerCatalog } from './answers/catalog.js'
import { answerManifest } from './answers/manifest.js'
import type { PageQuery } from './answers/page.js'
import { answerReferrers } from './answers/referrers.js'
import { answerTags } from './answers/tags.js'
import { ApiError } from './api-error.js'
import { Blobs, type Redirects } from './blobs/blobs.js'
import { VerifiedFiles } from './blobs/verified-files.js'
import { type Answered, Exchange } from './exchange.js'
import type { Gate, Wanted } from './gate.js'
import type { Parts } from './parts.js'
import { parsePath, type Route, splitTarget } from './path.js'
import { Documents } from './published/documents.js'
import { Published } from './published/published.js'
import { repositoryNamed } from './repository.js'

export interface RegistryServerOptions {
  readonly content: Provider & Pick<Manager, 'info'>
  readonly names: Pick<Names, 'get' | 'list' | 'scan'>
  readonly gate: Gate
  /** The path of the file that has some content, where content is in files. Default: the content is read through the store. */
  readonly pathOf?: ((digest: Digest) => string) | undefined
  /** Default: the server sends all blobs. */
  readonly redirects?: Redirects | undefined
  /** The registry of names without a host. Default: none. */
  readonly defaultRegistry?: string | undefined
  /** Milliseconds for which an answer about a name holds. Default: 30,000. */
  readonly refresh?: number | undefined
  /** The most blobs that are sent at the same time. Default: 1,000. */
  readonly maxStreams?: number | undefined
  /** Bytes of manifests and small blobs in memory. Default: 48 MiB. */
  readonly contentMemory?: number | undefined
  /** Bytes of memory, about, for what is published. Default: 64 MiB. */
  readonly indexMemory?: number | undefined
  /** Called when an answer has ended, or its connection has. */
  readonly onAnswered?: ((answered: Answered) => void) | undefined
  /** Called with what is wrong in the store or with it. `subject` is the name or the digest. */
  readonly onProblem?: ((subject: string, error: unknown) => void) | undefined
}

/** A registry that can be read. It does not listen. */
export interface RegistryServer {
  /** Answers a request. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Requests that are being answered. */
  readonly active: number
  /** What is known of a name no longer counts; without a name, of all names. */
  changed(name?: string): void
}

const mebibyte = 1024 * 1024

/** Creates a registry over a store. */
export function createRegistryServer(options: RegistryServerOptions): RegistryServer {
  const { content, names, pathOf, refresh = 30_000, onProblem = () => {} } = options
  const documents = new Documents(content, options.contentMemory ?? 48 * mebibyte)
  const now = () => performance.now()
  const published = new Published(
    { names, documents, refresh, onProblem, now },
    options.indexMemory ?? 64 * mebibyte,
  )
  const blobs = new Blobs({
    content,
    documents,
    files: pathOf && new VerifiedFiles(pathOf),
    redirects: options.redirects,
    maxStreams: options.maxStreams ?? 1_000,
  })
  const parts: Parts = { published, documents, blobs }
  let active = 0
  return {
    get active() {
      return active
    },
    changed: (name) => published.changed(name),
    handle: (request, response) => {
      const exchange = new Exchange(request, response, () => {
        active--
        options.onAnswered?.(exchange.answered())
      })
      active++
      answer(parts, exchange, options).catch((error: unknown) => fail(exchange, error, onProblem))
    },
  }
}

async function answer(parts: Parts, exchange: Exchange, options: RegistryServerOptions): Promise<void> {
  const { request } = exchange
  if (request.method !== 'GET' && request.method !== 'HEAD') throw readOnly()
  const { path, query } = splitTarget(request.url ?? '/')
  const route = parsePath(path)
  exchange.route = route.kind
  const parameters = new URLSearchParams(query)
  const wanted = wantedBy(route, parameters, request, options)
  if (wanted.kind === 'repository') exchange.repository = wanted.repository
  exchange.reference = referenceOf(route)
  await admit(exchange, wanted, options.gate)
  const repository = exchange.repository ?? ''
  const page: PageQuery = { path, name: 'name' in route ? route.name : '', parameters }
  switch (route.kind) {
    case 'base':
      return exchange.send(200, { 'content-type': 'application/json' }, '{}')
    case 'catalog':
      return await answerCatalog(parts, exchange, page)
    case 'tags':
      return await answerTags(parts, exchange, repository, page)
    case 'manifest':
      return await answerManifest(parts, exchange, repository, route.reference)
    case 'blob':
      return await answerBlob(parts, exchange, repository, route.digest)
    case 'referrers':
      return await answerReferrers(parts, exchange, repository, route.digest, page)
  }
}

function wantedBy(
  route: Route,
  parameters: URLSearchParams,
  { headers: { host } }: IncomingMessage,
  { defaultRegistry }: RegistryServerOptions,
): Wanted {
  if (route.kind === 'base' || route.kind === 'catalog') return route
  const [ns, ...more] = parameters.getAll('ns')
  if (more.length > 0) throw new ApiError('NAME_INVALID', 'ns is given more than once')
  return { kind: 'repository', repository: repositoryNamed(route.name, { ns, host, defaultRegistry }) }
}

function referenceOf(route: Route): string | undefined {
  if (route.kind === 'manifest')
    return 'tag' in route.reference ? route.reference.tag : route.reference.digest
  return 'digest' in route ? route.digest : undefined
}

/** Lets the gate decide. Throws its refusal. */
async function admit(exchange: Exchange, wanted: Wanted, gate: Gate): Promise<void> {
  const { request } = exchange
  const admission = await gate.admit(
    {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      remoteAddress: request.socket.remoteAddress,
      encrypted: (request.socket as TLSSocket).encrypted === true,
    },
    wanted,
  )
  exchange.admission = admission
  if (admission.allowed) return
  const { status, code, message, headers } = admission
  throw new ApiError(code, message, { status, headers })
}

function readOnly(): ApiError {
  // The body of the request is not read.
  const headers = { allow: 'GET, HEAD', connection: 'close' }
  return new ApiError('UNSUPPORTED', 'this registry can only be read', { headers })
}

/** Answers with an error, or ends the connection where an answer has begun: a part must not pass for the whole. */
function fail(
  exchange: Exchange,
  error: unknown,
  onProblem: (subject: string, error: unknown) => void,
): void {
  if (exchange.isOver) return
  if (!(error instanceof ApiError)) onProblem(subjectOf(exchange), error)
  if (exchange.isOpen) exchange.refuse(apiErrorOf(exchange, error))
  else exchange.response.destroy()
}

function subjectOf({ repository, reference }: Exchange): string {
  return [repository, reference].filter((part) => part !== undefined).join(' ')
}

/** What a client is told of an error of the store. The details are for the log. */
function apiErrorOf({ route }: Exchange, cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause
  if (isNotFound(cause))
    return new ApiError(
      route === 'blob' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN',
      'a published image names it, and the store lacks it: pull the image into the store again',
      { cause },
    )
  if (isDamaged(cause) || isUnreadable(cause))
    return new ApiError('UNKNOWN', 'it is damaged in the store: run dist verify --repair', { cause })
  return new ApiError('UNAVAILABLE', 'the store does not answer', { cause, headers: { 'retry-after': '5' } })
}
