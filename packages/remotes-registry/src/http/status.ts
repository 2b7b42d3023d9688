import { type Code, DistError, sanitize } from '@dist/errdefs'
import { retryAfter } from '../retry.js'
import type { Response } from './exchange.js'

// Enough for what registries say; a body of gigabytes must neither be read nor kept.
const maxErrorBody = 8 * 1024

const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** The error that an answer without success stands for. Reads the start of its body. `pushes`: it answers a push. */
export async function statusError(
  response: Response,
  what: string,
  maxRetryAfter: number,
  { pushes = false }: { pushes?: boolean } = {},
): Promise<DistError> {
  const { status, headers, url } = response
  const said = saying(await response.body.start(maxErrorBody))
  const wait = retryAfter(headers['retry-after'], maxRetryAfter)
  const message = `${what}: ${url.host} ${(pushes ? meaningForPush : meaning)(status)}${said === '' ? '' : ` (${said})`}`
  return new DistError(codeFor(status), message, {
    retryable: retryableStatuses.has(status),
    ...(wait === undefined ? {} : { retryAfter: wait }),
  })
}

function codeFor(status: number): Code {
  if (status === 401 || status === 407) return 'UNAUTHENTICATED'
  if (status === 403 || status === 451) return 'PERMISSION_DENIED'
  if (status === 404 || status === 410) return 'NOT_FOUND'
  if (status === 429 || status === 413) return 'RESOURCE_EXHAUSTED'
  if (status === 405 || status === 406 || status === 501) return 'NOT_IMPLEMENTED'
  return status >= 500 || status === 408 ? 'UNAVAILABLE' : 'MALFORMED'
}

function meaning(status: number): string {
  switch (status) {
    case 401:
      return 'wants a login (401): check the credentials for this registry'
    case 403:
      return 'denies access (403): the account may not read this repository'
    case 404:
      return 'does not have it (404): check the name'
    case 407:
      return 'cannot be reached: the proxy wants a login (407)'
    case 429:
      return 'is asked too much (429): wait, log in for a larger quota, or pull through a mirror'
    default:
      return status >= 500 ? `failed (${status})` : `answered ${status}`
  }
}

function meaningForPush(status: number): string {
  switch (status) {
    case 403:
      return 'denies access (403): the account may not push to this repository'
    case 404:
      return 'does not take it (404): the repository may have to be created first'
    case 405:
      return 'takes no pushes (405): it is read-only here'
    case 413:
      return 'does not take so much (413): it, or a proxy before it, has a limit'
    case 429:
      return 'is asked too much (429): wait, and push less at a time'
    default:
      return meaning(status)
  }
}

/** What a registry says in its error document (distribution spec, "Error Codes"), or the start of a plain text. */
function saying(content: Uint8Array): string {
  const text = Buffer.from(content).toString('utf8').trim()
  if (text === '' || text.startsWith('<')) return ''
  try {
    return sanitize(fromDocument(JSON.parse(text)), 200)
  } catch {
    return sanitize(text, 200)
  }
}

function fromDocument(document: unknown): string {
  const errors = (document as { errors?: unknown } | null)?.errors
  if (!Array.isArray(errors)) return ''
  return errors
    .slice(0, 3)
    .map(({ code, message } = {} as { code?: unknown; message?: unknown }) =>
      [code, message].filter((part) => typeof part === 'string' && part !== '').join(': '),
    )
    .filter((part) => part !== '')
    .join('; ')
}
