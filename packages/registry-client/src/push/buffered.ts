import type { Digest } from '@dist/oci'
import { openUpload, UploadDraft } from './draft.js'
import type { Upload } from './upload.js'

/** A small blob: buffered, verified, and sent in one request, with retries. */
export class BufferedDraft extends UploadDraft {
  #chunks: Uint8Array[] = []

  protected async add(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk)
  }

  async truncate(): Promise<void> {
    this.#chunks = []
  }

  protected async complete(digest: Digest): Promise<void> {
    const [first = new Uint8Array(), ...others] = this.#chunks
    const body = others.length === 0 ? first : Buffer.concat([first, ...others])
    this.#chunks = []
    await this.operation.retrying(() => this.#send(digest, body))
  }

  async close(): Promise<void> {
    this.#chunks = []
    await this.target.takeUpload(this.digest)?.cancel()
  }

  async #send(digest: Digest, body: Uint8Array): Promise<void> {
    let upload: Upload | undefined
    try {
      upload = await openUpload(this)
      await upload.complete(digest, { body })
    } catch (error) {
      await upload?.cancel()
      throw error
    }
  }
}
