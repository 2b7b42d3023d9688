import { DistError } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester } from '@dist/oci'
import type { Expected, Info, Status, WriteOptions, Writer } from './content.js'
import type { Draft, Driver } from './driver.js'
import { statusOf } from './status.js'

/** Opens a writer that verifies what it appends to a draft. */
export async function openWriter(
  driver: Pick<Driver, 'stat' | 'draft'>,
  ref: string,
  expected: Expected,
  options: WriteOptions,
): Promise<Writer> {
  const draft = await driver.draft(ref, expected, options)
  const writer = new VerifyingWriter(driver, draft, expected)
  try {
    await writer.rebuild()
  } catch (error) {
    await draft.close(true)
    throw error
  }
  return writer
}

class VerifyingWriter implements Writer {
  #digester: Digester
  #updatedAt = new Date()
  #closed = false

  constructor(
    private readonly driver: Pick<Driver, 'stat'>,
    private readonly draft: Draft,
    private readonly expected: Expected,
  ) {
    this.#digester = this.#newDigester()
  }

  get status(): Status {
    const { draft, expected } = this
    return statusOf({
      ref: draft.ref,
      offset: this.#digester.size,
      expected,
      startedAt: draft.startedAt,
      updatedAt: this.#updatedAt,
      live: !this.#closed,
    })
  }

  /** Computes the hash of the bytes of an interrupted write. */
  async rebuild(): Promise<void> {
    if (this.draft.offset === 0) return
    for await (const chunk of this.draft.replay()) this.#digester.update(chunk)
    const { size } = this.expected
    if (size !== undefined && this.#digester.size > size) await this.restart()
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#check()
    const { size } = this.expected
    if (size !== undefined && this.#digester.size + chunk.byteLength > size) {
      await this.#end(false)
      throw new DistError('FAILED_PRECONDITION', `${this.#name()}: more bytes than the expected ${size}`)
    }
    // Hashed before `append`, after which the chunk belongs to the draft.
    this.#digester.update(chunk)
    this.#updatedAt = new Date()
    try {
      await this.draft.append(chunk)
    } catch (error) {
      // The hash includes bytes that may not be stored: the write cannot continue.
      await this.#end(true)
      throw error
    }
  }

  async restart(): Promise<void> {
    this.#check()
    await this.draft.truncate()
    this.#digester = this.#newDigester()
  }

  async commit(): Promise<Info> {
    this.#check()
    const size = this.#digester.size
    if (this.expected.size !== undefined && size !== this.expected.size) {
      await this.#end(false)
      throw new DistError(
        'FAILED_PRECONDITION',
        `${this.#name()}: ${size} bytes, expected ${this.expected.size}`,
      )
    }
    const digest = this.#digester.digest()
    if (this.expected.digest !== undefined && digest !== this.expected.digest) {
      await this.#end(false)
      throw new DistError('FAILED_PRECONDITION', `${this.#name()}: the content has digest ${digest}`)
    }
    return this.#commitVerified(digest, size)
  }

  async #commitVerified(digest: Digest, size: number): Promise<Info> {
    this.#closed = true
    try {
      const existing = this.expected.digest === undefined ? await this.driver.stat(digest) : undefined
      if (existing === undefined) return await this.draft.commit(digest, size)
      await this.draft.close(false)
      return existing
    } catch (error) {
      await this.draft.close(false)
      throw error
    }
  }

  async abort(): Promise<void> {
    await this.#end(false)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(true)
  }

  async #end(keep: boolean): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.draft.close(keep)
  }

  #check(): void {
    if (this.#closed) throw new DistError('INTERNAL', `write ${this.draft.ref} is closed`)
  }

  #newDigester(): Digester {
    return new Digester(this.expected.digest === undefined ? 'sha256' : algorithmOf(this.expected.digest))
  }

  #name(): string {
    return this.expected.digest ?? `write ${this.draft.ref}`
  }
}
