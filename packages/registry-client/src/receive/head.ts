import type { IncomingHttpHeaders } from 'node:http'
import { parseSize } from '../http/headers.js'
import { Chunked, type Framing, OfLength } from './framing.js'

/** Status and headers of an answer, and how its body is framed. */
export interface Head {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly framing: Framing
  /** Milliseconds that the connection may be kept after the body; undefined: it is closed. */
  readonly keepFor: number | undefined
}

const statusLine = /^HTTP\/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
// A line that begins with a space continues the one before (obs-fold), and is no header line.
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/

/** Milliseconds that an idle connection is kept at most, and how much earlier than the server it is closed. */
const longestKept = 4_000
const margin = 1_000

/**
 * Parses the head of an answer, without its empty line (RFC 9112). Undefined for everything that is not plainly an answer whose
 * body has one clear end: interim answers, HTTP/1.0, folded lines, lengths that contradict, other transfer codings.
 */
export function parseHead(bytes: Buffer): Head | undefined {
  const [first = '', ...lines] = bytes.toString('latin1').split('\r\n')
  const status = Number(statusLine.exec(first)?.[1])
  const headers = parseHeaders(lines)
  if (Number.isNaN(status) || headers === undefined || hasNoBody(status)) return undefined
  const framing = framingOf(headers)
  if (framing === undefined) return undefined
  return { status, headers, framing, keepFor: keepFor(headers) }
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304
}

/** As undici gives them: lower-case names, and a list where a name is repeated. */
function parseHeaders(lines: readonly string[]): IncomingHttpHeaders | undefined {
  const headers: Record<string, string | string[]> = Object.create(null)
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    const key = name.toLowerCase()
    const before = headers[key]
    headers[key] = before === undefined ? value : [before, value].flat()
  }
  return headers
}

function framingOf(headers: IncomingHttpHeaders): Framing | undefined {
  // A repeated header is a list here, which no comparison below accepts.
  const { 'content-length': length, 'transfer-encoding': coding, upgrade } = headers
  if (upgrade !== undefined) return undefined
  if (coding !== undefined)
    return length === undefined && isText(coding) && coding.toLowerCase() === 'chunked'
      ? new Chunked()
      : undefined
  const size = isText(length) ? parseSize(length) : undefined
  return size === undefined ? undefined : new OfLength(size)
}

function keepFor({ connection, 'keep-alive': hint }: IncomingHttpHeaders): number | undefined {
  if (connection !== undefined && !(isText(connection) && connection.toLowerCase() === 'keep-alive'))
    return undefined
  const [, seconds] = (isText(hint) && /\btimeout=(\d{1,6})\b/.exec(hint)) || []
  if (seconds === undefined) return longestKept
  const time = Math.min(longestKept, Number(seconds) * 1000 - margin)
  return time > 0 ? time : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
