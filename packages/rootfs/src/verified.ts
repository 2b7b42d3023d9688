import type { Provider } from '@dist/content'
import { DistError, errnoOf, hasCode } from '@dist/errdefs'
import { algorithmOf, type Descriptor, type Digest, Digester } from '@dist/oci'

export interface VerifyOptions {
  signal?: AbortSignal | undefined
  /** Told the bytes read so far. */
  onProgress?: ((offset: number) => void) | undefined
}

/**
 * Hands stored content to `use` and verifies it on the way: a store can rot. What `use` leaves unread is read as well.
 * Throws `FAILED_PRECONDITION` when the bytes are not those of the descriptor, whatever `use` made of them; else what
 * `use` throws, and `NOT_FOUND`.
 */
export async function useVerified<T>(
  provider: Provider,
  desc: Descriptor,
  use: (body: AsyncIterable<Uint8Array>) => Promise<T>,
  options: VerifyOptions = {},
): Promise<T> {
  const { signal, onProgress } = options
  const opened = await provider.open(desc, { signal })
  const body = new HashedBody(opened, desc.digest, onProgress)
  try {
    const result = await use(body)
    if ((await body.rest()) !== desc.digest) throw damaged(desc)
    return result
  } catch (error) {
    if (blamesContent(error) && (await isDamaged(body, desc))) throw damaged(desc, error)
    throw error
  } finally {
    await body.close()
  }
}

/**
 * Bytes of stored content that fail at their end where they are not those of the digest, with `FAILED_PRECONDITION`: for a
 * reader that can take back what it has made of them.
 */
export async function* verifiedBytes(
  body: AsyncIterable<Uint8Array>,
  digest: Digest,
): AsyncIterable<Uint8Array> {
  const digester = new Digester(algorithmOf(digest))
  for await (const chunk of body) {
    digester.update(chunk)
    yield chunk
  }
  if (digester.digest() !== digest) throw damaged({ digest })
}

/** Not a full disk, and not whoever gave up: those do not become other errors by another look. */
function blamesContent(error: unknown): boolean {
  if (hasCode(error, 'MALFORMED', 'FAILED_PRECONDITION', 'NOT_IMPLEMENTED')) return true
  return hasCode(error, 'RESOURCE_EXHAUSTED') && errnoOf(error) === undefined
}

/** What looks like a bad archive is a bad disk, when the bytes are others than were stored. */
async function isDamaged(body: HashedBody, desc: Descriptor): Promise<boolean> {
  try {
    return (await body.rest()) !== desc.digest
  } catch {
    // Then the store has said by itself what is wrong with it.
    return false
  }
}

function damaged({ digest }: Pick<Descriptor, 'digest'>, cause?: unknown): DistError {
  return new DistError(
    'FAILED_PRECONDITION',
    `layer ${digest} is damaged in the store: delete it and pull the image again`,
    { cause },
  )
}

/** Bytes that are hashed as they pass. Whoever stops reading early leaves the others to `rest`. */
class HashedBody implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #digester: Digester
  #digest: Digest | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(
    body: AsyncIterable<Uint8Array>,
    expected: Digest,
    private readonly onProgress: VerifyOptions['onProgress'],
  ) {
    this.#source = body[Symbol.asyncIterator]()
    this.#digester = new Digester(algorithmOf(expected))
  }

  // No `return`: a reader that leaves must not close what is still to be verified.
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() }
  }

  /** Reads to the end; the digest of it all. */
  async rest(): Promise<Digest> {
    while (this.#digest === undefined) await this.#next()
    return this.#digest
  }

  async close(): Promise<void> {
    if (this.#digest === undefined) await this.#source.return?.()
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#digest !== undefined) return { done: true, value: undefined }
    // A source that has failed would look as if it had ended.
    if (this.#failure !== undefined) throw this.#failure.error
    const result = await this.#source.next().catch((error: unknown) => {
      this.#failure = { error }
      throw error
    })
    if (result.done) {
      this.#digest = this.#digester.digest()
    } else {
      this.#digester.update(result.value)
      this.onProgress?.(this.#digester.size)
    }
    return result
  }
}
