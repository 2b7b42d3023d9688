import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import type { Response } from '../http/exchange.js'
import { isPassing, pauseBefore, withRetries } from '../retry.js'
import { Pieces, takenOf } from './chunks.js'
import { type DraftJob, UploadDraft } from './draft.js'
import { completeUpload, sendToUpload, type Upload, uploadOf } from './upload.js'

/** A blob that is sent in chunks, and completed by a request without content once it is verified. */
export class ChunkedDraft extends UploadDraft {
  #upload: Upload
  #pieces: Pieces
  #sent = 0

  constructor(
    job: DraftJob,
    upload: Upload,
    private readonly chunkSize: number,
  ) {
    super(job)
    this.#upload = upload
    this.#pieces = new Pieces(chunkSize)
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (const piece of this.#pieces.add(chunk)) await this.#send(piece)
  }

  async truncate(): Promise<void> {
    await this.close()
    this.#pieces = new Pieces(this.chunkSize)
    this.#sent = 0
    const { place, signal } = this.job
    this.#upload = await withRetries(place.transport.retry, signal, () => this.upload())
  }

  protected async complete(digest: Digest): Promise<void> {
    await this.#send(this.#pieces.rest())
    const { place, signal } = this.job
    // All chunks are there: what fails now is not worth sending them again.
    await withRetries(place.transport.retry, signal, () =>
      completeUpload(this.job, this.#upload, digest, { body: new Uint8Array() }),
    )
  }

  async close(): Promise<void> {
    this.#pieces = new Pieces(this.chunkSize)
    await this.cancel(this.#upload)
  }

  /** Sends a chunk, and again what of it was not taken, as long as that may help. */
  async #send(piece: Uint8Array): Promise<void> {
    const { place, signal } = this.job
    const { retry } = place.transport
    let rest = piece
    for (let failures = 0; rest.byteLength > 0; ) {
      let taken = 0
      try {
        taken = this.#taken(await this.#patch(rest), rest.byteLength)
        if (taken === 0)
          throw new DistError('UNAVAILABLE', `${this.job.what}: the registry took nothing of a chunk`)
      } catch (error) {
        if (!isPassing(error) || ++failures >= retry.attempts) throw error
        await pauseBefore(failures, retry, signal)
        taken = await this.#takenBefore(error, rest.byteLength)
      }
      this.#sent += taken
      rest = rest.subarray(taken)
    }
  }

  async #patch(rest: Uint8Array): Promise<Response> {
    const response = await sendToUpload(this.job, this.#upload, {
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
      `${this.job.what}: ${response.url.host} is not at byte ${this.#sent} (416)`,
    )
  }

  /** What a chunk left behind that failed half-way. Throws its error where the registry does not say. */
  async #takenBefore(error: unknown, length: number): Promise<number> {
    let response: Response
    try {
      response = await sendToUpload(this.job, this.#upload, { method: 'GET', accept: [202, 204] })
    } catch {
      throw error
    }
    await response.body.discard()
    if (response.headers.range === undefined) throw error
    return this.#taken(response, length)
  }

  #taken(response: Response, length: number): number {
    this.#upload = uploadOf(this.job, response, this.#upload)
    const { range } = response.headers
    const taken = takenOf(range, this.#sent, length)
    if (taken !== undefined) return taken
    const sent = `${this.#sent}-${this.#sent + length - 1}`
    throw new DistError(
      'MALFORMED',
      `${this.job.what}: ${response.url.host} does not say that it has a part of ${sent}`,
    )
  }
}
