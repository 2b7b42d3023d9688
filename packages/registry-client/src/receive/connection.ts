import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Slabs } from '@dist/content'
import errors from 'undici/lib/core/errors.js'
import { type Framing, FramingError } from './framing.js'
import { Gathering } from './gathering.js'
import { type Head, parseHead } from './head.js'

/** How a socket reads, as the option `onread` of `net.connect` and `tls.connect`. */
export interface OnRead {
  /** The memory for the next read. */
  buffer(): Uint8Array
  /** False: nothing more is read. */
  callback(size: number, bytes: Uint8Array): boolean
}

/** Connects to an origin. Resolves when requests can be sent; the signal gives up. */
export type Connect = (origin: URL, onread: OnRead, signal: AbortSignal) => Promise<Socket>

/** A request, and what is done with its answer. After `onEnd`, `onFailure` and `onOther` nothing more is called. */
export interface Asking {
  /** Request line and headers, with the empty line. */
  readonly text: string
  /** Milliseconds, as in `Timeouts`. */
  readonly headersTimeout: number
  readonly bodyTimeout: number
  onHead(status: number, headers: IncomingHttpHeaders): void
  onContent(chunk: Buffer): void
  onEnd(): void
  /** `answered`: bytes of an answer had come. */
  onFailure(error: Error, answered: boolean): void
  /** The answer is not understood, and nothing of it has been passed on. The connection is closed. */
  onOther(): void
}

/** As undici's. */
const longestHead = 16 * 1024
const headEnd = Buffer.from('\r\n\r\n')

/** A connection that is kept for several requests, one at a time. It reads large bodies into memory that is used again. */
export class Connection {
  /** Where everything outside of a body is read. */
  readonly #outside = Buffer.allocUnsafeSlow(longestHead)
  #headSize = 0
  #socket: Socket | undefined
  #asking: Asking | undefined
  #framing: Framing | undefined
  #keepFor: number | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #gathering: Gathering
  #paused = false
  #reads = 0

  private constructor(
    slabs: Slabs,
    private readonly onClose: (connection: Connection) => void,
  ) {
    this.#gathering = new Gathering(slabs, (chunk) => this.#asking?.onContent(chunk))
  }

  static async open(
    connect: Connect,
    origin: URL,
    slabs: Slabs,
    onClose: (connection: Connection) => void,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(slabs, onClose)
    const onread: OnRead = {
      buffer: () => connection.#room(),
      callback: (size, bytes) => connection.#read(bytes, size),
    }
    connection.#adopt(await connect(origin, onread, signal))
    return connection
  }

  /** Whether a request can be sent. */
  get isIdle(): boolean {
    return this.#asking === undefined && this.#socket?.destroyed === false
  }

  send(asking: Asking): void {
    const socket = this.#socket as Socket
    this.#asking = asking
    this.#headSize = 0
    this.#paused = false
    socket.ref()
    socket.setTimeout(0)
    this.#timer = setTimeout(() => this.#headersAreLate(asking), asking.headersTimeout)
    socket.write(asking.text, 'latin1')
  }

  pause(): void {
    this.#paused = true
    this.#socket?.setTimeout(0)
    this.#socket?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket?.setTimeout(this.#asking?.bodyTimeout ?? 0)
    this.#socket?.resume()
  }

  destroy(error: Error): void {
    this.#fail(error)
    this.#socket?.destroy()
  }

  #adopt(socket: Socket): void {
    this.#socket = socket
    socket.on('timeout', () => this.#bodyIsLate())
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => {
      this.#fail(new errors.SocketError('other side closed'))
      this.onClose(this)
    })
  }

  // A process that was suspended has bytes to read when its timers are due: they are read before an immediate runs.

  #headersAreLate(asking: Asking): void {
    setImmediate(() => {
      if (this.#asking === asking && this.#framing === undefined)
        this.destroy(new errors.HeadersTimeoutError())
    })
  }

  #bodyIsLate(): void {
    const reads = this.#reads
    setImmediate(() => {
      if (this.#reads === reads) this.destroy(new errors.BodyTimeoutError())
    })
  }

  /** Memory for the next read. */
  #room(): Buffer {
    return this.#framing === undefined ? this.#outside.subarray(this.#headSize) : this.#gathering.room()
  }

  #read(memory: Uint8Array, size: number): boolean {
    this.#reads++
    const bytes = Buffer.from(memory.buffer, memory.byteOffset, size)
    try {
      if (this.#framing === undefined) this.#readHead(bytes)
      else {
        this.#gathering.advance(size)
        this.#readBody(bytes, this.#framing)
      }
    } catch (error) {
      if (!(error instanceof FramingError)) throw error
      this.destroy(new errors.HTTPParserError(error.message))
    }
    return !this.#paused
  }

  #readHead(bytes: Buffer): void {
    // Bytes without a request: what they belong to is unknown.
    if (this.#asking === undefined) {
      this.#socket?.destroy()
      return
    }
    // The end may lie across two reads.
    const from = Math.max(0, this.#headSize - headEnd.byteLength + 1)
    this.#headSize += bytes.byteLength
    const end = this.#outside.subarray(0, this.#headSize).indexOf(headEnd, from)
    if (end < 0) {
      if (this.#headSize === longestHead) this.#leave()
      return
    }
    const head = parseHead(this.#outside.subarray(0, end))
    if (head === undefined) this.#leave()
    else this.#startBody(head, this.#outside.subarray(end + headEnd.byteLength, this.#headSize))
  }

  #startBody({ status, headers, framing, keepFor }: Head, rest: Buffer): void {
    clearTimeout(this.#timer)
    const asking = this.#asking as Asking
    this.#framing = framing
    this.#keepFor = keepFor
    this.#socket?.setTimeout(asking.bodyTimeout)
    asking.onHead(status, headers)
    // The reader may have left.
    if (this.#asking !== asking) return
    const room = this.#gathering.room()
    rest.copy(room)
    this.#gathering.advance(rest.byteLength)
    this.#readBody(room.subarray(0, rest.byteLength), framing)
  }

  #readBody(bytes: Buffer, framing: Framing): void {
    const taken = framing.take(bytes, (content) => this.#gathering.add(content))
    if (framing.isOver) this.#end(taken === bytes.byteLength)
  }

  /** The body is over. The connection is kept if it is clear that the next answer begins here. */
  #end(isClean: boolean): void {
    const asking = this.#asking
    this.#gathering.flush()
    // The reader may have left at the last chunk.
    if (this.#asking !== asking || asking === undefined) return
    this.#forget()
    if (isClean && this.#keepFor !== undefined) this.#keep(this.#keepFor)
    else this.#socket?.destroy()
    asking.onEnd()
  }

  #keep(milliseconds: number): void {
    const socket = this.#socket as Socket
    // A pause was for the body that is over.
    if (this.#paused) socket.resume()
    this.#paused = false
    socket.setTimeout(milliseconds)
    socket.unref()
  }

  #leave(): void {
    const asking = this.#asking
    this.#forget()
    this.#socket?.destroy()
    asking?.onOther()
  }

  #fail(error: Error): void {
    const asking = this.#asking
    if (asking === undefined) return
    this.#gathering.flush()
    const answered = this.#headSize > 0
    if (this.#asking !== asking) return
    this.#forget()
    asking.onFailure(error, answered)
  }

  #forget(): void {
    clearTimeout(this.#timer)
    this.#asking = undefined
    this.#framing = undefined
    this.#headSize = 0
    this.#gathering.end()
  }
}
