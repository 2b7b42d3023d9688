import { readFile } from 'node:fs/promises'
import { DistError, errnoOf, linkSignals, reword, sanitize } from '@dist/errdefs'
import { type Agents, type AgentsOptions, createAgents } from './agents.js'
import { defaultTimeouts, exchange } from './exchange.js'
import { parseRetryAfter } from './headers.js'

/** A webhook. */
export interface Webhook {
  readonly url: string
  /** Nets that are allowed beside public addresses: `10.0.0.0/8`. Default: none. */
  readonly addresses?: readonly string[] | undefined
  /** PEM file with additional authorities. */
  readonly caFile?: string | undefined
}

export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal?: AbortSignal | undefined
}

export interface WebhookAnswer {
  readonly status: number
  /** Milliseconds. */
  readonly retryAfter?: number | undefined
}

/** Milliseconds for a request, from the look-up of the host to the answer. */
const deadlineMs = 10_000
/** The longest pause that an answer can ask for. */
const longestPauseMs = 15 * 60_000

/** Connections to webhooks. Dispose closes them. */
export interface Webhooks extends AsyncDisposable {
  /**
   * Posts: one request, no redirect. The answer's body is not read. `PERMISSION_DENIED` for an address that is not allowed,
   * before anything is sent; a retryable error without an answer within 10 s. No error names the path of the URL, which may be a
   * secret.
   */
  post(webhook: Webhook, request: WebhookRequest): Promise<WebhookAnswer>
}

export function createWebhooks(options: Pick<AgentsOptions, 'proxy' | 'lookup'> = {}): Webhooks {
  const agents = createAgents(options)
  return {
    post: (webhook, request) => postToWebhook(agents, webhook, request),
    [Symbol.asyncDispose]: () => agents[Symbol.asyncDispose](),
  }
}

async function postToWebhook(
  agents: Pick<Agents, 'webhook'>,
  webhook: Webhook,
  { headers, body, signal }: WebhookRequest,
): Promise<WebhookAnswer> {
  const url = new URL(webhook.url)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(tooLate(url)), deadlineMs)
  try {
    using either = linkSignals(late.signal, signal)
    const connections = await agents.webhook(url, await trustOf(webhook))
    const response = await exchange(
      connections,
      { method: 'POST', url, headers, body, what: url.host, signal: either.signal },
      { timeouts: { ...defaultTimeouts, headers: deadlineMs } },
    )
    void response.body.discard()
    const { status, headers: answered } = response
    return { status, retryAfter: parseRetryAfter(answered['retry-after'], longestPauseMs) }
  } catch (error) {
    throw error instanceof DistError ? explained(error, url) : error
  } finally {
    clearTimeout(timer)
  }
}

async function trustOf({ addresses = [], caFile }: Webhook) {
  if (caFile === undefined) return { addresses, ca: [] }
  const read = await readFile(caFile, 'utf8').catch((cause: unknown) => {
    const why = errnoOf(cause) ?? 'unknown error'
    throw new DistError('INVALID_ARGUMENT', `ca-file: ${sanitize(caFile)} cannot be read (${why})`, { cause })
  })
  return { addresses, ca: [read] }
}

function tooLate({ host }: URL): DistError {
  return new DistError('DEADLINE_EXCEEDED', `${host} did not answer within ${deadlineMs / 1000} s`, {
    retryable: true,
  })
}

/** The advice in the errors of connections is for registries. */
function explained(error: DistError, { host }: URL): DistError {
  if (error.because === undefined) return error
  const cause = error.because.replace(/[;:].*$/s, '')
  const text = cause.includes(host) ? cause : `${host}: ${cause}`
  return reword(error, text)
}
