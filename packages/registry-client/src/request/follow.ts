import { DistError } from '@dist/errdefs'
import type { RequestClass } from '@dist/remotes'
import { withObjectName } from '../http/errors.js'
import type { Response } from '../http/exchange.js'
import { isStream } from '../http/outgoing.js'
import { quotaOf } from '../http/quota.js'
import { isRedirect, keepsMethod, maxRedirects, redirectTarget } from '../http/redirect.js'
import { reportedExchange } from '../http/report.js'
import type { RegistryRequest, RequestContext } from './send.js'

type Headers = Readonly<Record<string, string>>

/**
 * Sends a request and follows redirects. The authorization and the endpoint's own headers go to the endpoint's origin, and
 * are dropped for good once a redirect has left it (R1).
 */
export async function follow(
  context: RequestContext,
  request: RegistryRequest,
  authorization: string | undefined,
): Promise<Response> {
  const { endpoint, what } = context
  let { url, own } = request.target ?? { url: requestUrl(context, request), own: true }
  const secret = { ...endpoint.headers, ...(authorization === undefined ? {} : { authorization }) }
  for (let redirects = 0; ; redirects++) {
    const response = await sendTo(url, context, request, own ? secret : {})
    if (!isRedirect(response.status)) return response
    await response.body.discard()
    checkRepeatable(request, response, what)
    if (redirects === maxRedirects)
      throw new DistError('MALFORMED', `${what}: more than ${maxRedirects} redirects (${url.host})`)
    const target = redirectTarget(response.headers.location, url, what)
    own &&= target.origin === url.origin
    url = target
  }
}

function checkRepeatable({ method, body }: RegistryRequest, { status, url }: Response, what: string): void {
  if (isRead(method)) return
  if (!keepsMethod(status))
    throw new DistError(
      'MALFORMED',
      `${what}: ${method} redirected with ${status}, which would change it to a GET (${url.host})`,
    )
  if (isStream(body))
    throw new DistError(
      'NOT_IMPLEMENTED',
      `${what}: streamed ${method} redirected with ${status}, which is not supported (${url.host})`,
    )
}

async function sendTo(
  url: URL,
  context: RequestContext,
  request: RegistryRequest,
  secret: Headers,
): Promise<Response> {
  if (isPull(request)) await admitPull(url, context, request, secret)
  const response = await exchangeWith(url, context, request, secret)
  // Not awaited: the body must not wait for the limiter.
  void reportQuota(context, request, response).catch(() => {})
  return response
}

async function exchangeWith(
  url: URL,
  context: RequestContext,
  request: RegistryRequest,
  secret: Headers,
): Promise<Response> {
  const { transport, endpoint, signal, what } = context
  const { method, body, meter } = request
  const { agents, timeouts, onRequest, onBytes, onAsk, limiter, userAgent } = transport
  const lane = isRead(method) ? 'requests' : 'uploads'
  const about = classOf(context, request, url.host)
  const connections = request.large === true ? 'content' : lane
  const dispatcher = await withObjectName(what, () => agents.dispatcher(url, endpoint, connections))
  const permit =
    request.permit ??
    (await withObjectName(what, () => limiter.acquire(url.host, { lane, signal, ...about })))
  const headers = {
    // Digests are of the bytes without a content coding.
    'accept-encoding': 'identity',
    'user-agent': userAgent,
    ...(body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {}),
    ...request.headers,
    ...secret,
  }
  const onEnd = () => permit.release()
  const options = { timeouts, onRequest, onBytes, onAsk, onEnd, limiter, about }
  return reportedExchange(dispatcher, { method, url, headers, body, signal, what, meter }, options)
}

/** Waits for nothing: throws `quotaError` if the pull has to wait. A host that does not answer the question gets the request. */
async function admitPull(
  url: URL,
  context: RequestContext,
  request: RegistryRequest,
  secret: Headers,
): Promise<void> {
  const { transport, what } = context
  const admit = () => withObjectName(what, () => transport.limiter.admitPull(url.host))
  if ((await admit()) === 'pull') return
  const question: RegistryRequest = { ...request, method: 'HEAD' }
  const answer = await exchangeWith(url, context, question, secret)
  await answer.body.discard()
  if (await reportQuota(context, question, answer)) await admit()
}

/** Resolves to whether the answer tells a quota. */
async function reportQuota(
  { transport: { limiter } }: RequestContext,
  request: RegistryRequest,
  { headers, status, url }: Response,
): Promise<boolean> {
  const quota = quotaOf(headers)
  const isWithout = quota === undefined && status === 200 && request.path.includes('/manifests/')
  if (quota !== undefined || isWithout) await limiter.told(url.host, quota)
  return quota !== undefined
}

/** Whether a registry with a quota counts the request. */
export function isPull({ method, path, target }: RegistryRequest): boolean {
  return method === 'GET' && target === undefined && path.includes('/manifests/')
}

/** The class of a request at a host that it leads to: the registry itself, or one that it redirects to. */
export function classOf(
  { transport }: RequestContext,
  { method, path }: RegistryRequest,
  host: string,
): RequestClass {
  const kind = isRead(method) ? (path.includes('/blobs/') ? 'blobs' : 'manifests') : 'uploads'
  return { kind, account: transport.authorizer.accountOf(host) }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function requestUrl({ endpoint }: RequestContext, { path }: RegistryRequest): URL {
  const url = new URL(endpoint.url + path)
  if (endpoint.mirrorOf !== undefined) url.searchParams.set('ns', endpoint.mirrorOf)
  return url
}
