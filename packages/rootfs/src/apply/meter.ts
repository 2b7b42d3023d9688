import { DistError, throwIfAborted } from '@dist/errdefs'
import { Digester } from '@dist/oci'
import type { ApplyLimits, ApplyOptions } from './options.js'

/** The ratio is checked from this size on: small layers may have a high ratio. */
const ratioFrom = 64 * 1024 * 1024

/** Counts and hashes a layer before and after its decompression, and enforces the limits. */
export class Meter {
  readonly digester = new Digester('sha256')
  /** The error of reading the layer, before or after the decompression. */
  failure: unknown
  /** Bytes of the compressed layer. */
  #given = 0
  readonly #limits: ApplyLimits
  readonly #options: ApplyOptions

  constructor(limits: ApplyLimits, options: ApplyOptions) {
    this.#limits = limits
    this.#options = options
  }

  given(layer: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return this.#recordFailure(this.#countGiven(layer))
  }

  uncompressed(layer: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return this.#recordFailure(this.#countUncompressed(layer))
  }

  async *#recordFailure(layer: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* layer
    } catch (error) {
      this.failure = error
      throw error
    }
  }

  async *#countGiven(layer: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of layer) {
      throwIfAborted(this.#options.signal)
      this.#given += chunk.byteLength
      this.#options.onProgress?.(this.#given)
      yield chunk
    }
  }

  async *#countUncompressed(layer: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const { bytes, ratio } = this.#limits
    for await (const chunk of layer) {
      this.digester.update(chunk)
      const { size } = this.digester
      if (size > bytes) throw exhausted(`has more than ${bytes} bytes uncompressed (limit bytes)`)
      if (size > ratioFrom && size > this.#given * ratio)
        throw exhausted(`has more than ${ratio} times its compressed size (limit ratio)`)
      yield chunk
    }
  }

  entry(count: number, rawName: string): void {
    const { entries, name } = this.#limits
    if (count > entries) throw exhausted(`has more than ${entries} entries (limit entries)`)
    if (rawName.length > name) throw exhausted(`has a name of more than ${name} bytes (limit name)`)
  }
}

function exhausted(what: string): DistError {
  return new DistError('RESOURCE_EXHAUSTED', `layer: ${what}`)
}
