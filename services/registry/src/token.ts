import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { TokenEndpoint } from '@dist/registry-access'
import type { Logger } from '@dist/service'

/** A form has a name, a password and some scopes. */
const maxForm = 16 * 1024

/** The answer to a request: its document is JSON. */
interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly document: object
}

/** Answers a request for a token. Never throws. */
export async function answerToken(
  tokens: TokenEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): Promise<void> {
  const reply = await ask(tokens, request, log).catch((error: unknown): Reply => {
    log.warn('a token could not be given', { error })
    return { status: 503, headers: { 'retry-after': '1' }, document: errors('UNAVAILABLE', 'try again') }
  })
  const constant = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  response.writeHead(reply.status, { ...constant, 'x-content-type-options': 'nosniff', ...reply.headers })
  response.end(`${JSON.stringify(reply.document)}\n`)
}

async function ask(tokens: TokenEndpoint, request: IncomingMessage, log: Logger): Promise<Reply> {
  const { method = '', url = '', headers, socket } = request
  if (method !== 'GET' && method !== 'POST') return wrong(405, { allow: 'GET, POST' })
  const body = method === 'POST' ? await formOf(request) : ''
  if (body === undefined) return wrong(413, { connection: 'close' })
  const { remoteAddress } = socket
  const encrypted = (socket as TLSSocket).encrypted === true
  const answer = await tokens.answer({ method, url, headers, remoteAddress, encrypted }, body)
  // Neither the query nor a header: they may have secrets.
  const { client = remoteAddress } = answer
  if (!answer.allowed) {
    log.info('token', { status: answer.status, client })
    return { ...answer, document: errors(answer.code, answer.message) }
  }
  log.info('token', { status: 200, client, user: answer.user })
  return { status: 200, document: answer.token }
}

async function formOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  // A request that is destroyed takes its connection along, and gets no answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > maxForm) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function wrong(status: number, headers: Readonly<Record<string, string>>): Reply {
  return { status, headers, document: errors('UNSUPPORTED', 'GET, or POST of a short form, is expected') }
}

function errors(code: string, message: string): object {
  return { errors: [{ code, message }] }
}
