import type { Provider } from '@dist/content'
import { DistError, errnoOf, hasCode } from '@dist/errdefs'
import { algorithmOf, type Descriptor, type Digest, Digester } from '@dist/oci'

export interface VerifyOptions {
  signal?: AbortSignal | undefined
  /** Called with the bytes read so far. */
  onProgress?: ((offset: number) => void) | undefined
}

/**
 * Passes stored content to `use` and verifies it meanwhile, since stored content can be damaged. Also reads what `use`
 * leaves unread. Throws `FAILED_PRECONDITION` for bytes of another digest, also if `use` failed on them; else what `use`
 * throws; and `NOT_FOUND`.
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
    if (mayBeDamage(error) && (await isDamaged(body, desc))) throw damaged(desc, error)
    throw error
  } finally {
    await body.close()
  }
}

/**
 * The bytes of stored content, followed by `FAILED_PRECONDITION` if they have another digest: for a reader that can undo
 * what it has done with them.
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

/** Whether damaged content may be the cause of an error. A full disk or an abort has another cause. */
function mayBeDamage(error: unknown): boolean {
  if (hasCode(error, 'MALFORMED', 'FAILED_PRECONDITION', 'NOT_IMPLEMENTED')) return true
  return hasCode(error, 'RESOURCE_EXHAUSTED') && errnoOf(error) === undefined
}

/** Whether the stored bytes have another digest: then the disk is the cause of an error, not the archive. */
async function isDamaged(body: HashedBody, desc: Descriptor): Promise<boolean> {
  try {
    return (await body.rest()) !== desc.digest
  } catch {
    // The store itself fails, with its own error.
    return false
  }
}

function damaged({ digest }: Pick<Descriptor, 'digest'>, cause?: unknown): DistError {
  return new DistError(
    'FAILED_PRECONDITION',
    `layer ${digest} is damaged in the store; delete it and pull the image again`,
    { cause },
  )
}

/** Hashes bytes while they are read. After an early stop `rest` reads the others. */
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

  // No `return`: a reader that stops early must not close the source, which is read to its end.
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() }
  }

  /** Reads to the end and returns the digest of all bytes. */
  async rest(): Promise<Digest> {
    while (this.#digest === undefined) await this.#next()
    return this.#digest
  }

  async close(): Promise<void> {
    if (this.#digest === undefined) await this.#source.return?.()
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#digest !== undefined) return { done: true, value: undefined }
    // A failed source would appear to have ended.
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
