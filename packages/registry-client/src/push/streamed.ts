import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import type { Permit } from '@dist/remotes'
import { onAbort } from '../http/signal.js'
import { withRetries } from '../retry.js'
import { type DraftJob, UploadDraft } from './draft.js'
import { ChunkQueue } from './queue.js'
import { completeUpload, type Upload } from './upload.js'

/** A request under way that the chunks go into. */
interface Sending {
  readonly queue: ChunkQueue
  readonly abort: AbortController
  readonly answer: Promise<void>
}

/**
 * A large blob: sent while it comes, in one request whose last chunk is held back until all is verified. Without it
 * the registry has less than was announced to it, and makes no blob of that.
 */
export class StreamedDraft extends UploadDraft {
  #upload: Upload | undefined
  #permit: Permit | undefined
  #sending: Sending | undefined
  #received = 0
  #held: Uint8Array | undefined

  /** Opens the upload and takes a place for it, before a source is asked that may have to share places with it. */
  static async open(job: DraftJob): Promise<StreamedDraft> {
    const draft = new StreamedDraft(job)
    try {
      await draft.#open()
    } catch (error) {
      await draft.close()
      throw error
    }
    return draft
  }

  async append(chunk: Uint8Array): Promise<void> {
    if (chunk.byteLength === 0) return
    this.#sending ??= this.#start(this.job.digest)
    this.#received += chunk.byteLength
    if (this.#received < this.job.size) await this.#sending.queue.push(chunk)
    else this.#held = chunk
  }

  async truncate(): Promise<void> {
    await this.close()
    await this.#open()
  }

  protected async complete(): Promise<void> {
    const sending = this.#sending
    if (sending === undefined || this.#held === undefined)
      throw new DistError('INTERNAL', `${this.job.what}: nothing was written to it`)
    await sending.queue.push(this.#held)
    sending.queue.end()
    await sending.answer
    this.#upload = undefined
  }

  async close(): Promise<void> {
    const upload = this.#upload
    this.#upload = undefined
    this.#held = undefined
    this.#received = 0
    await this.#cut()
    this.#permit?.release()
    this.#permit = undefined
    await this.cancel(upload)
  }

  async #open(): Promise<void> {
    const { place, signal } = this.job
    const { retry, limiter } = place.transport
    this.#upload = await withRetries(retry, signal, () => this.upload())
    const options = { lane: 'uploads', signal } as const
    this.#permit = await limiter.acquire(this.#upload.to.url.host, options)
  }

  #start(digest: Digest): Sending {
    const upload = this.#upload
    if (upload === undefined) throw new DistError('INTERNAL', `${this.job.what}: its upload is not open`)
    const queue = new ChunkQueue()
    const abort = new AbortController()
    const { signal, size } = this.job
    const unlisten = signal === undefined ? undefined : followed(signal, abort)
    const answer = completeUpload({ ...this.job, signal: abort.signal }, upload, digest, {
      body: queue,
      headers: { 'content-length': String(size) },
      permit: this.#permit,
    }).finally(() => unlisten?.())
    // The request gives it back when it is over.
    this.#permit = undefined
    answer.then(
      () => queue.fail(this.#answeredEarly()),
      (error) => queue.fail(error),
    )
    return { queue, abort, answer }
  }

  #answeredEarly(): DistError {
    return new DistError(
      'MALFORMED',
      `${this.job.what}: the registry says that it has all before all was sent`,
    )
  }

  /** Cuts the connection of a request under way: the registry must not take what came for the whole. */
  async #cut(): Promise<void> {
    const sending = this.#sending
    this.#sending = undefined
    if (sending === undefined) return
    sending.abort.abort()
    sending.queue.fail(new DistError('CANCELED', `${this.job.what}: given up`))
    await sending.answer.catch(() => {})
  }
}

function followed(signal: AbortSignal, abort: AbortController): () => void {
  if (signal.aborted) abort.abort(signal.reason)
  return onAbort(signal, () => abort.abort(signal.reason))
}
