import { sanitize, withoutSecrets } from '@dist/errdefs'
import { type Digest, isDigest } from '@dist/oci'

/** The parsed parts of an error document (distribution spec, "Error Codes"). */
export interface ErrorDocument {
  /** In capitals, in the order of the document. Empty if the body is not an error document. */
  readonly codes: readonly string[]
  /** Codes and messages, or the start of a plain text: bounded and sanitized for one line. */
  readonly text: string
  /** The digests in the details, each once. */
  readonly digests: readonly Digest[]
}

// Enough for a manifest that lacks all of its blobs.
const maxErrors = 100
const maxShown = 3
const maxText = 200
const maxSearched = 4000
/** The specification leaves the form of `detail` open: objects in lists in objects. */
const maxDetailDepth = 4

const digestLike = /\b(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\b/g

/**
 * Parses the start of an error's body: JSON as in the specification, or any other text. Never throws. `secrets` were sent to
 * the server, and are removed from the text.
 */
export function readErrorDocument(content: Uint8Array, secrets: readonly string[] = []): ErrorDocument {
  const text = Buffer.from(content).toString('utf8').trim()
  if (text === '' || text.startsWith('<')) return nothing
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return { ...nothing, text: sanitizeText(text, secrets) }
  }
  const errors = errorsOf(document)
  return {
    codes: errors.flatMap(({ code }) => (typeof code === 'string' ? [code.slice(0, 100).toUpperCase()] : [])),
    text: sanitizeText(messagesOf(errors), secrets),
    digests: [...new Set(errors.flatMap(({ detail }) => digestsIn(detail, 0)))],
  }
}

const nothing: ErrorDocument = { codes: [], text: '', digests: [] }

interface ErrorEntry {
  readonly code?: unknown
  readonly message?: unknown
  readonly detail?: unknown
}

function errorsOf(document: unknown): readonly ErrorEntry[] {
  const errors = (document as { errors?: unknown } | null)?.errors
  if (!Array.isArray(errors)) return []
  return errors
    .slice(0, maxErrors)
    .filter((entry): entry is ErrorEntry => typeof entry === 'object' && entry !== null)
}

/** Cut before it is searched for secrets: the server chooses its length. */
function sanitizeText(text: string, secrets: readonly string[]): string {
  return sanitize(withoutSecrets(text.slice(0, maxSearched), secrets), maxText)
}

function messagesOf(errors: readonly ErrorEntry[]): string {
  return errors
    .slice(0, maxShown)
    .map(({ code, message }) =>
      [code, message].filter((part) => typeof part === 'string' && part !== '').join(': '),
    )
    .filter((part) => part !== '')
    .join('; ')
}

function digestsIn(detail: unknown, depth: number): Digest[] {
  if (typeof detail === 'string') return [...(detail.match(digestLike) ?? [])].filter(isDigest)
  if (typeof detail !== 'object' || detail === null || depth >= maxDetailDepth) return []
  return Object.values(detail).flatMap((part) => digestsIn(part, depth + 1))
}
