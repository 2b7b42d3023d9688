import type { Digest } from '@dist/oci'
import { withRetries } from '../retry.js'
import { takeOpened, UploadDraft } from './draft.js'
import { completeUpload, type Upload } from './upload.js'

/** A small blob: gathered, and sent in one request once it is verified, as often as it takes. */
export class BufferedDraft extends UploadDraft {
  #chunks: Uint8Array[] = []

  async append(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk)
  }

  async truncate(): Promise<void> {
    this.#chunks = []
  }

  protected async complete(digest: Digest): Promise<void> {
    const [first = new Uint8Array(), ...others] = this.#chunks
    const body = others.length === 0 ? first : Buffer.concat([first, ...others])
    this.#chunks = []
    const { place, signal } = this.job
    await withRetries(place.transport.retry, signal, () => this.#send(digest, body))
  }

  async close(): Promise<void> {
    this.#chunks = []
    await this.cancel(takeOpened(this.job))
  }

  async #send(digest: Digest, body: Uint8Array): Promise<void> {
    let upload: Upload | undefined
    try {
      upload = await this.upload()
      await completeUpload(this.job, upload, digest, { body })
    } catch (error) {
      await this.cancel(upload)
      throw error
    }
  }
}
