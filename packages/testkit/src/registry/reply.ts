import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** An answer before it is sent. */
export interface Reply {
  readonly status: number
  /** Undefined leaves a header out, `content-length` and `date` included. */
  readonly headers: OutgoingHttpHeaders
  readonly body: Uint8Array
  /** How the answer is put on the wire. Default: headers and body at once. */
  readonly deliver?: Deliver | undefined
}

/** Sends a reply in its own way. A response that it neither ends nor destroys stays open. */
export type Deliver = (response: ServerResponse, reply: Reply) => void

export function reply(
  status: number,
  headers: OutgoingHttpHeaders = {},
  body: Uint8Array | string = '',
): Reply {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return { status, headers: { 'content-length': bytes.byteLength, ...headers }, body: bytes }
}

/** An error as registries send it (distribution spec, "Error Codes"). */
export function errorReply(
  status: number,
  code: string,
  message: string,
  headers: OutgoingHttpHeaders = {},
): Reply {
  const document = JSON.stringify({ errors: [{ code, message }] })
  return reply(status, { 'content-type': 'application/json', ...headers }, document)
}

export function send(response: ServerResponse, message: Reply, method: string): void {
  const deliver = message.deliver ?? deliverWhole
  deliver(response, method === 'HEAD' ? { ...message, body: new Uint8Array() } : message)
}

function deliverWhole(response: ServerResponse, message: Reply): void {
  writeHead(response, message)
  response.end(message.body)
}

export function writeHead(response: ServerResponse, { status, headers }: Reply): void {
  const sent = Object.entries(headers).filter(([, value]) => value !== undefined)
  response.writeHead(status, Object.fromEntries(sent))
}
