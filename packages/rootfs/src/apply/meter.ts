import { DistError, throwIfAborted } from '@dist/errdefs'
import { Digester } from '@dist/oci'
import type { ApplyLimits, ApplyOptions } from './options.js'

/** The ratio says little about small layers: an empty block is as small as it gets. */
const ratioFrom = 64 * 1024 * 1024

/** Counts and hashes a layer on its two sides of the decompression, and ends it at its limits. */
export class Meter {
  readonly digester = new Digester('sha256')
  /** What the reading of the layer threw, on either side. */
  failure: unknown
  /** Bytes of the layer as given. */
  #given = 0
  readonly #limits: ApplyLimits
  readonly #options: ApplyOptions

  constructor(limits: ApplyLimits, options: ApplyOptions) {
    this.#limits = limits
    this.#options = options
  }

  given(layer: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return this.#noting(this.#countGiven(layer))
  }

  uncompressed(layer: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return this.#noting(this.#countUncompressed(layer))
  }

  async *#noting(layer: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
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
        throw exhausted(`grows to more than ${ratio} times its size (limit ratio)`)
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
  return new DistError('RESOURCE_EXHAUSTED', `the layer ${what}`)
}
