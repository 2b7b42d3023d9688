import type { Provider, Wanted } from '@dist/content'
import { type Code, DistError, isNotFound, throwIfAborted } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester } from '@dist/oci'

/**
 * What is true of stored content. `right`: its bytes are those of its digest. `damaged`: they are not; `size` and
 * `digest` are of what was found. `unreadable`: the store failed to give it, and says why. Plain data: it crosses
 * threads and queues.
 */
export type ContentState =
  | { readonly state: 'right'; readonly size: number }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly size: number; readonly digest: Digest }
  | {
      readonly state: 'unreadable'
      readonly code: Code
      readonly message: string
      /** Whether it may be read when it is tried again. */
      readonly retryable: boolean
    }

export type BadContentState = Exclude<ContentState, { state: 'right' }>

export interface VerifyBlobOptions {
  signal?: AbortSignal | undefined
  /** Called after each chunk with the bytes read so far. */
  onProgress?: ((offset: number) => void) | undefined
}

/**
 * Reads stored content to its end and compares it with its digest, which alone decides. What the store fails to read
 * is a verdict; only the signal makes it throw, with `CANCELED`.
 */
export async function verifyBlob(
  desc: Wanted,
  provider: Provider,
  { signal, onProgress }: VerifyBlobOptions = {},
): Promise<ContentState> {
  const digester = new Digester(algorithmOf(desc.digest))
  try {
    for await (const chunk of await provider.open(desc, { signal })) {
      throwIfAborted(signal)
      digester.update(chunk)
      onProgress?.(digester.size)
    }
  } catch (error) {
    throwIfAborted(signal)
    return stateOfError(error)
  }
  throwIfAborted(signal)
  const { size } = digester
  const digest = digester.digest()
  return digest === desc.digest ? { state: 'right', size } : { state: 'damaged', size, digest }
}

function stateOfError(error: unknown): ContentState {
  if (!(error instanceof DistError)) throw error
  if (isNotFound(error)) return { state: 'missing' }
  const { code, message, retryable } = error
  return { state: 'unreadable', code, message, retryable }
}
