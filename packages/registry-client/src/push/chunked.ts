import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import type { Response } from '../http/exchange.js'
import { isTemporary, pauseBefore } from '../request/retry.js'
import { Pieces, parseTaken } from './chunks.js'
import { type DraftOptions, openUpload, UploadDraft } from './draft.js'
import type { Upload } from './upload.js'

/** A blob that is sent in chunks, and completed by a request without content once it is verified. */
export class ChunkedDraft extends UploadDraft {
  #upload: Upload
  #pieces: Pieces
  #sent = 0

  constructor(
    options: DraftOptions,
    upload: Upload,
    private readonly chunkSize: number,
  ) {
    super(options)
    this.#upload = upload
    this.#pieces = new Pieces(chunkSize)
  }

  protected async add(chunk: Uint8Array): Promise<void> {
    for (const piece of this.#pieces.add(chunk)) await this.#send(piece)
  }

  async truncate(): Promise<void> {
    await this.close()
    this.#pieces = new Pieces(this.chunkSize)
    this.#sent = 0
    this.#upload = await this.operation.retrying(() => openUpload(this))
  }

  protected async complete(digest: Digest): Promise<void> {
    await this.#send(this.#pieces.rest())
    // Retried by itself: the chunks need not be sent again.
    await this.operation.retrying(() => this.#upload.complete(digest, { body: new Uint8Array() }))
  }

  async close(): Promise<void> {
    this.#pieces = new Pieces(this.chunkSize)
    await this.#upload.cancel()
  }

  /** Sends a chunk. The part that the registry did not take is sent again after temporary failures. */
  async #send(piece: Uint8Array): Promise<void> {
    const { retry, signal, what } = this.operation
    let rest = piece
    for (let failures = 0; rest.byteLength > 0; ) {
      let taken = 0
      try {
        taken = this.#recordTaken(await this.#patch(rest), rest.byteLength)
        if (taken === 0)
          throw new DistError(
            'UNAVAILABLE',
            `${what}: registry took 0 bytes of a chunk (${this.#upload.host})`,
          )
      } catch (error) {
        if (!isTemporary(error) || ++failures >= retry.attempts) throw error
        await pauseBefore(failures, retry, signal)
        taken = await this.#takenBefore(error, rest.byteLength)
      }
      this.#sent += taken
      rest = rest.subarray(taken)
    }
  }

  async #patch(rest: Uint8Array): Promise<Response> {
    const response = await this.#upload.send({
      method: 'PATCH',
      accept: [201, 202, 204, 416],
      body: rest,
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `${this.#sent}-${this.#sent + rest.byteLength - 1}`,
      },
    })
    await response.body.discard()
    if (response.status !== 416) return response
    throw new DistError(
      'UNAVAILABLE',
      `${this.operation.what}: chunk at byte ${this.#sent} refused (416, ${response.url.host})`,
    )
  }

  /** How many bytes of a failed chunk the registry has. Throws the error of the chunk if it does not answer that. */
  async #takenBefore(error: unknown, length: number): Promise<number> {
    let response: Response
    try {
      response = await this.#upload.send({ method: 'GET', accept: [202, 204] })
    } catch {
      throw error
    }
    await response.body.discard()
    if (response.headers.range === undefined) throw error
    return this.#recordTaken(response, length)
  }

  #recordTaken(response: Response, length: number): number {
    this.#upload = this.#upload.after(response)
    const { range } = response.headers
    const taken = parseTaken(range, this.#sent, length)
    if (taken !== undefined) return taken
    const sent = `${this.#sent}-${this.#sent + length - 1}`
    throw new DistError(
      'MALFORMED',
      `${this.operation.what}: Range header does not match the sent bytes ${sent} (${response.url.host})`,
    )
  }
}
