import { DistError } from '@dist/errdefs'
import type { Response } from './http/exchange.js'
import { Throughput } from './http/throughput.js'
import { parseContentRange, sizeHeader } from './range.js'
import { type RegistryRequest, sendPatiently } from './send.js'
import type { Transport } from './transport.js'

/** The request, with all bodies that it brings measured as one: breaking off must not hide how slow a source is. */
export function measured({ timeouts }: Transport, request: RegistryRequest): RegistryRequest {
  return { ...request, meter: new Throughput(timeouts.throughput) }
}

/** A body that begins at an offset of the content. */
export interface Opened {
  readonly offset: number
  readonly response: Response
  /** Size of the whole content as the server says it. */
  readonly size: number | undefined
}

/**
 * Opens content at an offset. Where the server does not continue exactly there (it ignores ranges, or answers with
 * another one), it is opened at 0: bytes of unknown place are never taken for those asked for.
 * `size` is what is expected; an answer that announces another is `FAILED_PRECONDITION`.
 */
export async function openAt(
  transport: Transport,
  request: RegistryRequest,
  offset: number,
  size: number | undefined,
): Promise<Opened> {
  if (offset > 0) {
    const ranged = await openRange(transport, request, offset, size)
    if (ranged !== undefined) return ranged
  }
  const response = await sendPatiently(transport, request)
  return whole(response, request.what, size)
}

/**
 * Opens content again in the middle of a transfer, by a single try: it is one already. Undefined where the server does not continue exactly at the
 * offset: what it would send instead is not asked for a second time.
 */
export async function reopenAt(
  transport: Transport,
  request: RegistryRequest,
  offset: number,
  size: number | undefined,
): Promise<Opened | undefined> {
  const once = { ...transport, retry: { ...transport.retry, attempts: 1 } }
  if (offset === 0) return openAt(once, request, 0, size)
  const opened = await openRange(once, request, offset, size)
  if (opened === undefined || opened.offset === offset) return opened
  await opened.response.body.return()
  return undefined
}

/** What servers answer that have the content and know no ranges, or not this one. */
const noRange = [400, 403, 405, 406, 412, 416, 501]

/** Undefined for an answer that is of no use; an offset of 0 where the server sends everything. */
async function openRange(
  transport: Transport,
  request: RegistryRequest,
  offset: number,
  size: number | undefined,
): Promise<Opened | undefined> {
  const headers = { ...request.headers, range: `bytes=${offset}-` }
  const response = await sendPatiently(transport, { ...request, headers, accept: [206, ...noRange] })
  if (response.status === 200) return whole(response, request.what, size)
  const range = response.status === 206 ? parseContentRange(response.headers['content-range']) : undefined
  if (range?.first === offset && (size === undefined || range.total === undefined || range.total === size))
    return { offset, response, size: range.total }
  await response.body.discard()
  return undefined
}

async function whole(response: Response, what: string, size: number | undefined): Promise<Opened> {
  const announced = sizeHeader(response.headers['content-length'])
  if (size !== undefined && announced !== undefined && announced !== size) {
    await response.body.return()
    throw new DistError(
      'FAILED_PRECONDITION',
      `${what}: ${response.url.host} announces ${announced} bytes, ${size} were expected`,
    )
  }
  return { offset: 0, response, size: announced }
}
