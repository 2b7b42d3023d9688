import { type RegistryAuth, TokenServer } from './auth.js'
import { Repositories } from './content.js'
import { type ListOptions, parseListPath, serveList } from './lists.js'
import { parseReferrersPath, serveReferrers, takeManifest } from './referrers.js'
import { errorReply, type Reply, reply } from './reply.js'
import type { RecordedRequest } from './request.js'
import { parseApiPath, serveBlob, serveManifest } from './serve.js'
import { ScriptedServer, type ServerOptions } from './server.js'
import { parseUploadPath, Uploads, type UploadsOptions } from './uploads.js'

export interface ScriptedRegistryOptions extends ServerOptions, UploadsOptions {
  /** Default: no authentication. */
  readonly auth?: RegistryAuth | undefined
  /** Redirects blobs to a second server, as registries do that keep them in object storage. Default false. */
  readonly blobHost?: boolean | undefined
  /** Has the referrers API, with so many to a page. Default: it has none. */
  readonly referrers?: number | undefined
  /** Refuses manifests that name what it does not have, as most registries do. Default false. */
  readonly strict?: boolean | undefined
  /** The pages of tags and of the catalogue. Default: one page. */
  readonly lists?: ListOptions | undefined
}

/**
 * A registry that serves what was put into it as the distribution spec says, until a script makes it misbehave.
 * It listens on loopback alone. Dispose closes it and its blob host.
 */
export class ScriptedRegistry extends ScriptedServer {
  readonly content: Repositories
  /** Where blobs are redirected to. It answers 400 to requests with credentials, as presigned URLs do. */
  readonly blobHost: ScriptedServer | undefined
  /** Blobs on their way in. */
  readonly uploads: Uploads
  readonly #tokens: TokenServer | undefined

  constructor(private readonly behaviour: ScriptedRegistryOptions = {}) {
    const options = behaviour
    const content = new Repositories()
    super((request) => this.#answer(request), options)
    this.content = content
    this.uploads = new Uploads(content, options)
    this.#tokens = options.auth === undefined ? undefined : new TokenServer(options.auth)
    const { tls, address } = options
    this.blobHost =
      options.blobHost === true ? new ScriptedServer(servePresigned(content), { tls, address }) : undefined
  }

  override async listen(): Promise<this> {
    await this.blobHost?.listen()
    return super.listen()
  }

  /** Takes all tokens back that were issued so far. */
  revokeTokens(): void {
    this.#tokens?.revoke()
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    await this.blobHost?.[Symbol.asyncDispose]()
  }

  #answer(request: RecordedRequest): Reply {
    if (request.path === '/token' && this.#tokens !== undefined) return this.#tokens.issue(request)
    const upload = parseUploadPath(request.path)
    const list = parseReferrersPath(request.path)
    const names = parseListPath(request.path)
    const path = parseApiPath(request.path)
    const repository = (upload ?? list ?? names ?? path)?.repository
    const challenge = this.#tokens?.challenge(request, repository, this.url)
    if (challenge !== undefined) return challenge
    if (request.path === '/v2/')
      return reply(200, { 'docker-distribution-api-version': 'registry/2.0' }, '{}')
    if (upload !== undefined) return this.uploads.serve(upload, request)
    const { referrers, strict = false } = this.behaviour
    if (list !== undefined && referrers !== undefined)
      return serveReferrers(this.content, list, request, referrers)
    if (names !== undefined) return serveList(this.content, names.repository, request, this.behaviour.lists)
    if (path === undefined) return errorReply(404, 'UNSUPPORTED', 'no such path')
    if (path.kind === 'manifests' && request.method === 'PUT')
      return takeManifest(this.content, path.repository, path.object, request, {
        knowsReferrers: referrers !== undefined,
        strict,
      })
    const held = this.content.find(path.repository, path.kind, path.object)
    if (path.kind === 'manifests') return serveManifest(held, request)
    if (this.blobHost === undefined || held === undefined || request.method === 'HEAD')
      return serveBlob(held, request)
    return reply(307, {
      location: `${this.blobHost.url}/blobs/${held.digest}?signature=${this.requests.length}`,
    })
  }
}

function servePresigned(content: Repositories): (request: RecordedRequest) => Reply {
  return (request) => {
    const { authorization, cookie } = request.headers
    if (authorization !== undefined || cookie !== undefined)
      return reply(400, { 'content-type': 'application/xml' }, '<Error><Code>InvalidArgument</Code></Error>')
    return serveBlob(content.blob(request.path.slice('/blobs/'.length)), request)
  }
}

/** Starts a scripted registry. */
export function startRegistry(options: ScriptedRegistryOptions = {}): Promise<ScriptedRegistry> {
  return new ScriptedRegistry(options).listen()
}

/** Starts a server that answers all requests with one function: a token server, a proxy, another host. */
export function startServer(
  answer: (request: RecordedRequest) => Reply | Promise<Reply>,
  options: ServerOptions = {},
): Promise<ScriptedServer> {
  return new ScriptedServer(answer, options).listen()
}
