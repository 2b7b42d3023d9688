import type { Provider, Wanted } from '@dist/content'
import { type Code, DistError, isNotFound, throwIfAborted } from '@dist/errdefs'
import { algorithmOf, type Digest, Digester } from '@dist/oci'

/**
 * The state of stored content. `right`: it matches its digest. `damaged`: it does not; `size` and `digest` are those of the
 * bytes that were read. `unreadable`: the store failed to read it. Plain data, for threads and queues.
 */
export type ContentState =
  | { readonly state: 'right'; readonly size: number }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly size: number; readonly digest: Digest }
  | {
      readonly state: 'unreadable'
      readonly code: Code
      readonly message: string
      /** Whether another attempt may succeed. */
      readonly retryable: boolean
    }

export type BadContentState = Exclude<ContentState, { state: 'right' }>

export interface VerifyBlobOptions {
  signal?: AbortSignal | undefined
  /** Called after each chunk with the number of bytes read. */
  onProgress?: ((offset: number) => void) | undefined
}

/**
 * Reads stored content completely and compares it with its digest. A failure of the store is a state too. Throws only
 * `CANCELED`, if the signal aborts.
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
