import { DistError, throwIfAborted } from '@dist/errdefs'
import type { Response } from '../http/exchange.js'
import { parseContentRange, parseSize } from '../http/headers.js'
import { Throughput } from '../http/throughput.js'
import type { Operation } from '../request/operation.js'
import { finalError, isTemporary, pauseBefore } from '../request/retry.js'
import type { RegistryRequest } from '../request/send.js'

/** An answer whose body starts at an offset of the content. */
interface Opened {
  readonly offset: number
  readonly response: Response
  /** Size of the whole content as the server announces it. */
  readonly size: number | undefined
}

// Bytes. Less does not count as progress: a source that breaks after every few bytes must come to an end.
const minProgress = 64 * 1024

/** Statuses of servers that have the content and do not support ranges, or not this one. */
const noRange = [400, 403, 405, 406, 412, 416, 501]

/**
 * The bytes of one object, resumed after interruptions at the same endpoint, with new authorization and redirects. Without
 * progress it is opened as often as one request is attempted. Iterating throws `FAILED_PRECONDITION` at the first byte
 * beyond the size, and a retryable `UNAVAILABLE` when it cannot be resumed.
 */
export class Download implements AsyncIterableIterator<Uint8Array> {
  readonly #chunks: AsyncGenerator<Uint8Array, void>
  #closed = false

  private constructor(
    private readonly source: Source,
    private readonly opened: Opened,
  ) {
    this.#chunks = this.#resume()
  }

  /**
   * Opens the object at an offset. If the server does not continue exactly there (it ignores ranges, or answers with
   * another range), the download starts at 0. `size` is the expected size; an answer that announces another one is
   * `FAILED_PRECONDITION`.
   */
  static async open(
    operation: Operation,
    request: RegistryRequest,
    offset = 0,
    size?: number | undefined,
  ): Promise<Download> {
    // One meter for all bodies: interruptions must not hide how slow a source is.
    const meter = new Throughput(operation.transport.timeouts.throughput)
    const source = new Source(operation, { ...request, meter }, size)
    return new Download(source, await source.open(offset))
  }

  /** First byte of the body. */
  get offset(): number {
    return this.opened.offset
  }

  /** Size of the whole content as the server announced it. */
  get announcedSize(): number | undefined {
    return this.opened.size
  }

  get headers(): Response['headers'] {
    return this.opened.response.headers
  }

  next(): Promise<IteratorResult<Uint8Array, void>> {
    return this.#chunks.next()
  }

  async return(): Promise<IteratorResult<Uint8Array, void>> {
    // A generator that was never read runs no clean-up; the connection must be freed nevertheless.
    this.#closed = true
    await this.opened.response.body.return()
    return this.#chunks.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async *#resume(): AsyncGenerator<Uint8Array, void> {
    const { what, signal, retry, transport, host: registry } = this.source.operation
    const { limiter } = transport
    const size = this.source.size ?? this.opened.size
    let opened = this.opened
    let { offset } = opened
    let mark = offset
    for (let failures = 0; ; ) {
      const { host } = opened.response.url
      try {
        for await (const chunk of opened.response.body) {
          offset += chunk.byteLength
          if (size !== undefined && offset > size)
            throw new DistError('FAILED_PRECONDITION', `${what}: more than ${size} bytes received (${host})`)
          const wait = limiter.takeBytes(registry, chunk.byteLength)
          if (wait !== undefined) await wait
          yield chunk
        }
        const total = size ?? opened.size
        if (total === undefined || offset >= total) return
        throw new DistError('UNAVAILABLE', `${what}: body ended after ${offset} of ${total} bytes (${host})`)
      } catch (error) {
        // The signal's reason replaces the error of the connection.
        throwIfAborted(signal)
        if (this.#closed) return
        failures = offset - mark >= minProgress ? 1 : failures + 1
        mark = offset
        if (failures >= retry.attempts) throw finalError(error)
        if (!isTemporary(error)) throw error
        await pauseBefore(failures, retry, signal)
        opened = await this.#reopen(offset, size, host)
      }
    }
  }

  async #reopen(offset: number, size: number | undefined, host: string): Promise<Opened> {
    const opened = await this.source.reopen(offset, size)
    if (opened !== undefined) return opened
    const { what } = this.source.operation
    throw new DistError('UNAVAILABLE', `${what}: cannot resume at byte ${offset} (${host}); start again`)
  }
}

/** Opens one object at one endpoint, also more than once. */
class Source {
  constructor(
    readonly operation: Operation,
    private readonly request: RegistryRequest,
    /** The expected size. */
    readonly size: number | undefined,
  ) {}

  async open(offset: number): Promise<Opened> {
    const ranged = offset > 0 ? await this.#openRange(this.operation, offset, this.size) : undefined
    return ranged ?? this.#openWhole(this.operation, this.size)
  }

  /** Opens once more, by a single attempt: it is a retry already. Undefined if the server does not continue at the offset. */
  async reopen(offset: number, size: number | undefined): Promise<Opened | undefined> {
    const once = this.operation.singleAttempt()
    if (offset === 0) return this.#openWhole(once, size)
    const opened = await this.#openRange(once, offset, size)
    if (opened === undefined || opened.offset === offset) return opened
    await opened.response.body.return()
    return undefined
  }

  async #openWhole(operation: Operation, size: number | undefined): Promise<Opened> {
    const request = { ...this.request, large: this.#isLarge(0) }
    return openedWhole(await operation.send(request), operation.what, size)
  }

  /** Undefined for a useless answer. The offset is 0 if the server sends everything. */
  async #openRange(
    operation: Operation,
    offset: number,
    size: number | undefined,
  ): Promise<Opened | undefined> {
    const headers = { ...this.request.headers, range: `bytes=${offset}-` }
    const large = this.#isLarge(offset)
    const response = await operation.send({ ...this.request, headers, large, accept: [206, ...noRange] })
    if (response.status === 200) return openedWhole(response, operation.what, size)
    const range = response.status === 206 ? parseContentRange(response.headers['content-range']) : undefined
    const isSameSize = size === undefined || range?.total === undefined || range.total === size
    if (range?.first === offset && isSameSize) return { offset, response, size: range.total }
    await response.body.discard()
    return undefined
  }

  #isLarge(offset: number): boolean {
    return this.size !== undefined && this.size - offset >= this.operation.transport.largeBody
  }
}

async function openedWhole(response: Response, what: string, size: number | undefined): Promise<Opened> {
  const announced = parseSize(response.headers['content-length'])
  if (size !== undefined && announced !== undefined && announced !== size) {
    await response.body.return()
    throw new DistError(
      'FAILED_PRECONDITION',
      `${what}: size mismatch (${response.url.host}): expected ${size} bytes, announced ${announced}`,
    )
  }
  return { offset: 0, response, size: announced }
}
