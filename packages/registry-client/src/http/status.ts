import { type Code, DistError } from '@dist/errdefs'
import { type ErrorDocument, readErrorDocument } from './document.js'
import type { Response } from './exchange.js'
import { parseRetryAfter } from './headers.js'

// Enough for a registry that names every blob of a manifest; a body of gigabytes must neither be read nor kept.
const maxErrorBody = 64 * 1024

const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** The status that a code of the specification has as a rule ("Error Codes"): registries answer it with many others. */
const statusOfCode: ReadonlyMap<string, number> = new Map([
  ['BLOB_UNKNOWN', 404],
  ['BLOB_UPLOAD_UNKNOWN', 404],
  ['MANIFEST_UNKNOWN', 404],
  ['NAME_UNKNOWN', 404],
  ['UNAUTHORIZED', 401],
  ['DENIED', 403],
  ['TOOMANYREQUESTS', 429],
  ['UNSUPPORTED', 405],
  ['MANIFEST_BLOB_UNKNOWN', 400],
  ['MANIFEST_INVALID', 400],
  ['DIGEST_INVALID', 400],
  ['NAME_INVALID', 400],
  ['SIZE_INVALID', 400],
])

/** With these codes a registry says that a manifest names what it does not have. */
const lackingCodes: readonly string[] = ['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN', 'MANIFEST_UNKNOWN']

export interface StatusErrorOptions {
  /** It answers a push. Default: false. */
  readonly pushes?: boolean | undefined
  /** Who asked, fit to be shown. */
  readonly user?: string | undefined
  /** What was sent there and must not be shown, should it come back. Default: nothing. */
  readonly secrets?: readonly string[] | undefined
}

/**
 * The error that an answer without success stands for: by the code that the registry gives, else by its status. Reads
 * the start of its body.
 */
export async function statusError(
  response: Response,
  what: string,
  maxRetryAfter: number,
  { pushes = false, user, secrets = [] }: StatusErrorOptions = {},
): Promise<DistError> {
  const { status, headers, url } = response
  const said = readErrorDocument(await response.body.start(maxErrorBody), secrets)
  const meant = meantStatus(status, said)
  const wait = parseRetryAfter(headers['retry-after'], maxRetryAfter)
  const meaning = meaningFor(user, meant, status) ?? (pushes ? meaningForPush : meaningOf)(meant, status)
  const because = `${url.host} ${meaning}`
  const message = `${what}: ${because}${said.text === '' ? '' : ` (${said.text})`}`
  const lacks = pushes && said.codes.some((code) => lackingCodes.includes(code)) ? said.digests : undefined
  return new DistError(codeFor(meant), message, {
    host: url.host,
    because,
    retryable: retryableStatuses.has(meant),
    retryAfter: wait,
    lacks,
  })
}

/** A host that asks for less, and a proxy that wants a login, mean that whatever else is said. */
function meantStatus(status: number, { codes }: ErrorDocument): number {
  if (status === 429 || status === 407) return status
  const known = codes.map((code) => statusOfCode.get(code)).find((meant) => meant !== undefined)
  return known ?? status
}

function codeFor(status: number): Code {
  if (status === 401 || status === 407) return 'UNAUTHENTICATED'
  if (status === 403 || status === 451) return 'PERMISSION_DENIED'
  if (status === 404 || status === 410) return 'NOT_FOUND'
  if (status === 429 || status === 413) return 'RESOURCE_EXHAUSTED'
  if (status === 405 || status === 406 || status === 415 || status === 501) return 'NOT_IMPLEMENTED'
  return status >= 500 || status === 408 ? 'UNAVAILABLE' : 'MALFORMED'
}

/** What a refusal means to somebody in particular. */
function meaningFor(user: string | undefined, meant: number, status: number): string | undefined {
  if (user === undefined) return undefined
  if (meant === 401) return `refuses the user ${user} (${status}): check the password, or log in again`
  return meant === 403 ? `denies access to the user ${user} (${status})` : undefined
}

function meaningOf(meant: number, status: number): string {
  switch (meant) {
    case 401:
      return `wants a login (${status}): check the credentials for this registry`
    case 403:
      return `denies access (${status}): the account may not read this repository`
    case 404:
      return `does not have it (${status}): check the name`
    case 407:
      return `cannot be reached: the proxy wants a login (${status})`
    case 429:
      return `is asked too much (${status}): wait, log in for a larger quota, or pull through a mirror`
    default:
      return meant >= 500 ? `failed (${status})` : `answered ${status}`
  }
}

function meaningForPush(meant: number, status: number): string {
  switch (meant) {
    case 403:
      return `denies access (${status}): the account may not push to this repository`
    case 404:
      return `does not take it (${status}): the repository may have to be created first`
    case 405:
      return status === 405
        ? 'takes no pushes (405): it is read-only here'
        : `does not support this (${status})`
    case 413:
      return `does not take so much (${status}): it, or a proxy before it, has a limit`
    case 429:
      return `is asked too much (${status}): wait, and push less at a time`
    default:
      return meaningOf(meant, status)
  }
}
