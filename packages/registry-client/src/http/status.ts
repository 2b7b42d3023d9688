import { type Code, DistError } from '@dist/errdefs'
import { type ErrorDocument, readErrorDocument } from './document.js'
import type { Response } from './exchange.js'
import { parseRetryAfter } from './headers.js'

// Bytes. Enough for a registry that names every blob of a manifest; larger bodies are cut (R26).
const maxErrorBody = 64 * 1024

const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** The usual status of an error code of the specification ("Error Codes"): registries answer it with many others. */
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

/** The codes for a manifest whose content is missing in the registry. */
const lackingCodes: readonly string[] = ['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN', 'MANIFEST_UNKNOWN']

export interface StatusErrorOptions {
  /** The request was a push. Default: false. */
  readonly pushes?: boolean | undefined
  /** The user of the request, sanitized. */
  readonly user?: string | undefined
  /** Secrets that were sent, removed from the message. Default: none. */
  readonly secrets?: readonly string[] | undefined
}

/**
 * The error of an answer without success, by the code in its body, else by its status. Reads the start of the body.
 */
export async function statusError(
  response: Response,
  what: string,
  maxRetryAfter: number,
  { pushes = false, user, secrets = [] }: StatusErrorOptions = {},
): Promise<DistError> {
  const { status, headers, url } = response
  const document = readErrorDocument(await response.body.start(maxErrorBody), secrets)
  const effective = effectiveStatus(status, document)
  const wait = parseRetryAfter(headers['retry-after'], maxRetryAfter)
  const refusal =
    refusalOf(user, effective, status) ?? (pushes ? pushRefusal : pullRefusal)(effective, status)
  const because = `${url.host} ${refusal}`
  const message = `${what}: ${because}${document.text === '' ? '' : ` (${document.text})`}`
  const lacks =
    pushes && document.codes.some((code) => lackingCodes.includes(code)) ? document.digests : undefined
  return new DistError(codeFor(effective), message, {
    host: url.host,
    because,
    retryable: retryableStatuses.has(effective),
    retryAfter: wait,
    lacks,
  })
}

/** 429, and 407 of a proxy, hold whatever the code in the body. */
function effectiveStatus(status: number, { codes }: ErrorDocument): number {
  if (status === 429 || status === 407) return status
  const known = codes.map((code) => statusOfCode.get(code)).find((each) => each !== undefined)
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

/** The refusal of a known user. */
function refusalOf(user: string | undefined, effective: number, status: number): string | undefined {
  if (user === undefined) return undefined
  if (effective === 401) return `refuses the user ${user} (${status}); check the password, or log in again`
  return effective === 403 ? `denies access to the user ${user} (${status})` : undefined
}

function pullRefusal(effective: number, status: number): string {
  switch (effective) {
    case 401:
      return `requires a login (${status}); check the credentials for this registry`
    case 403:
      return `denies access (${status}): the account may not read this repository`
    case 404:
      return `does not have it (${status}); check the name`
    case 407:
      return `cannot be reached: the proxy requires a login (${status})`
    case 429:
      return `limits requests (${status}); wait, log in for a larger quota, or pull through a mirror`
    default:
      return effective >= 500 ? `failed (${status})` : `answered ${status}`
  }
}

function pushRefusal(effective: number, status: number): string {
  switch (effective) {
    case 403:
      return `denies access (${status}): the account may not push to this repository`
    case 404:
      return `does not accept it (${status}); the repository may have to be created first`
    case 405:
      return status === 405 ? 'accepts no pushes (405): it is read-only' : `does not support this (${status})`
    case 413:
      return `refuses the size (${status}): the registry or a proxy limits requests; set a smaller chunk size`
    case 429:
      return `limits requests (${status}); wait, and push less at a time`
    default:
      return pullRefusal(effective, status)
  }
}
