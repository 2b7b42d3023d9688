import { DistError, onAbort } from '@dist/errdefs'
import type { Permit } from '@dist/remotes'
import { type DraftOptions, openUpload, UploadDraft } from './draft.js'
import { ChunkQueue } from './queue.js'
import type { Upload } from './upload.js'

/** A request in flight, and the queue that feeds its body. */
interface Sending {
  readonly queue: ChunkQueue
  readonly abort: AbortController
  readonly answer: Promise<void>
}

/**
 * A large blob: sent in one request while it arrives. The last chunk is held back until all bytes are verified; without it
 * the registry has less than the announced length, and creates no blob.
 */
export class StreamedDraft extends UploadDraft {
  #upload: Upload | undefined
  #permit: Permit | undefined
  #sending: Sending | undefined
  #received = 0
  #held: Uint8Array | undefined

  /** Opens the upload and acquires its slot, before the source is opened, which may use slots of the same host. */
  static async open(options: DraftOptions): Promise<StreamedDraft> {
    const draft = new StreamedDraft(options)
    try {
      await draft.#open()
    } catch (error) {
      await draft.close()
      throw error
    }
    return draft
  }

  protected async add(chunk: Uint8Array): Promise<void> {
    if (chunk.byteLength === 0) return
    this.#sending ??= this.#start()
    this.#received += chunk.byteLength
    if (this.#received < this.size) await this.#sending.queue.push(chunk)
    else this.#held = chunk
  }

  async truncate(): Promise<void> {
    await this.close()
    await this.#open()
  }

  protected async complete(): Promise<void> {
    const sending = this.#sending
    if (sending === undefined || this.#held === undefined)
      throw new DistError('INTERNAL', `${this.operation.what}: commit before the last chunk`)
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
    await this.#disconnect()
    this.#permit?.release()
    this.#permit = undefined
    await upload?.cancel()
  }

  async #open(): Promise<void> {
    const { operation } = this
    const { signal, transport } = operation
    this.#upload = await operation.retrying(() => openUpload(this))
    const { host } = this.#upload
    const account = transport.authorizer.accountOf(host)
    this.#permit = await transport.limiter.acquire(host, {
      lane: 'uploads',
      kind: 'uploads',
      account,
      signal,
    })
  }

  #start(): Sending {
    const { operation, size, digest } = this
    if (this.#upload === undefined)
      throw new DistError('INTERNAL', `${operation.what}: write after the end of the upload`)
    const queue = new ChunkQueue()
    const abort = new AbortController()
    const unlink = operation.signal === undefined ? undefined : linkAbort(operation.signal, abort)
    const upload = this.#upload.within(operation.with({ signal: abort.signal }))
    const headers = { 'content-length': String(size) }
    const sending = upload.complete(digest, { body: queue, headers, permit: this.#permit })
    const answer = sending.finally(() => unlink?.())
    // The request releases it.
    this.#permit = undefined
    answer.then(
      () => queue.fail(this.#earlyAnswer()),
      (error) => queue.fail(error),
    )
    return { queue, abort, answer }
  }

  #earlyAnswer(): DistError {
    return new DistError(
      'MALFORMED',
      `${this.operation.what}: registry answered before it had all bytes (${this.operation.host})`,
    )
  }

  /** Closes the connection of a request in flight: the registry must not take the sent part for the whole. */
  async #disconnect(): Promise<void> {
    const sending = this.#sending
    this.#sending = undefined
    if (sending === undefined) return
    sending.abort.abort()
    sending.queue.fail(new DistError('CANCELED', `${this.operation.what}: upload canceled`))
    await sending.answer.catch(() => {})
  }
}

function linkAbort(signal: AbortSignal, abort: AbortController): () => void {
  if (signal.aborted) abort.abort(signal.reason)
  return onAbort(signal, () => abort.abort(signal.reason))
}
