import { createHash, type Hash } from 'node:crypto'
import { DistError, sanitize } from '@dist/errdefs'

declare const brand: unique symbol

/** `sha256:<64 lowercase hex>` or `sha512:<128 lowercase hex>`; created only by the functions of this file. */
export type Digest = string & { readonly [brand]: 'digest' }

export type Algorithm = 'sha256' | 'sha512'

const encodedLength: Record<Algorithm, number> = { sha256: 64, sha512: 128 }
// OCI image spec, "Digests": algorithm components, a colon, the encoded part.
const grammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/

export const algorithms = Object.keys(encodedLength) as readonly Algorithm[]

/**
 * Parses a digest. Throws `INVALID_ARGUMENT` for other text, and `NOT_IMPLEMENTED` for a well-formed digest of an algorithm
 * other than sha256 and sha512. The result is safe in a path, a URL and a Redis key (R18).
 */
export function parseDigest(text: string): Digest {
  if (text.length > 256 || !grammar.test(text)) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(text, 150)}" is not a digest: expected sha256:<64 hex digits>`,
    )
  }
  const [algorithm = '', encoded = ''] = text.split(':')
  if (!isAlgorithm(algorithm)) {
    throw new DistError(
      'NOT_IMPLEMENTED',
      `digest ${text}: algorithm ${algorithm} is unsupported: expected sha256 or sha512`,
    )
  }
  const length = encodedLength[algorithm]
  if (encoded.length !== length || !/^[0-9a-f]+$/.test(encoded)) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `digest ${text}: expected ${length} lowercase hex digits for ${algorithm}`,
    )
  }
  return text as Digest
}

export function isDigest(text: string): text is Digest {
  const [algorithm = '', encoded = '', more] = text.split(':')
  if (more !== undefined || !isAlgorithm(algorithm)) return false
  return encoded.length === encodedLength[algorithm] && /^[0-9a-f]+$/.test(encoded)
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.slice(0, 6) as Algorithm
}

/** The hex digits after the colon. */
export function encodedOf(digest: Digest): string {
  return digest.slice(7)
}

export function digestOf(content: Uint8Array | string, algorithm: Algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}` as Digest
}

/** Computes a digest in pieces, and counts the bytes. */
export class Digester {
  readonly algorithm: Algorithm
  readonly #hash: Hash
  size = 0

  constructor(algorithm: Algorithm = 'sha256') {
    this.algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.size += chunk.byteLength
  }

  /** Ends the computation: `update` must not be called again. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hash.digest('hex')}` as Digest
  }
}

function isAlgorithm(text: string): text is Algorithm {
  return text === 'sha256' || text === 'sha512'
}
