import { DistError, errnoOf, firstError, sanitize } from '@dist/errdefs'
import { explain, isKnownName } from './explanations.js'

/**
 * The error of a failed call about the object `url` (`s3://bucket/key`). `step` is the failed step, as "read". A
 * `DistError` is returned unchanged.
 */
export function s3Error(url: string, step: string, thrown: unknown): DistError {
  const cause = firstError(thrown)
  if (cause instanceof DistError) return cause
  const name = s3Name(cause)
  const status = statusOf(cause)
  const errno = errnoOf(cause)
  const { code, cause: reason, advice, retryable, lost = false } = explain(name, status, errno)
  const detail = sanitize(String(errno ?? name ?? status ?? 'unknown error'), 60)
  const suffix = advice === undefined ? '' : `; ${advice}`
  return new DistError(code, `${url}: ${step} failed: ${reason} (${detail})${suffix}`, {
    cause: withoutRequest(cause, name, status),
    lost,
    // The SDK uses the clock of the server for the next request.
    retryable: retryable ?? (code === 'UNAVAILABLE' || isClockCorrected(cause)),
  })
}

/** The error of the SDK without request and answer, which contain signature and session token and must not be logged. */
function withoutRequest(cause: unknown, name: string | undefined, status: number | undefined): unknown {
  if (!(cause instanceof Error)) return cause
  const bare = new Error(sanitize(cause.message), { cause: cause.cause })
  const errno = errnoOf(cause)
  return Object.assign(bare, {
    name,
    code: errno,
    ...(status === undefined ? {} : { $metadata: { httpStatusCode: status } }),
    ...(cause.stack === undefined ? {} : { stack: cause.stack }),
  })
}

/** The S3 name of an error (`NoSuchKey`), also if it is the cause of a `DistError`. */
export function s3Name(error: unknown): string | undefined {
  const origin = originOf(error)
  return origin instanceof Error && origin.name !== 'Error' ? origin.name : undefined
}

/** The HTTP status of an error, also if it is the cause of a `DistError`. */
export function statusOf(error: unknown): number | undefined {
  return metadataOf(originOf(error))?.httpStatusCode
}

/** Error numbers of connections that were not established. */
const notConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Whether the server answered with an error, or was not reached at all. Otherwise its answer was lost. */
export function isAnswered(error: unknown): boolean {
  const status = statusOf(error)
  if (status === undefined) return notConnected.has(errnoOf(error) ?? '')
  return (status >= 400 && status < 500 && status !== 408) || isKnownName(s3Name(error))
}

/** Whether the server has stopped processing the request after this error. */
export function hasStopped(error: unknown): boolean {
  return isAnswered(error) && s3Name(error) !== 'InternalError'
}

function isClockCorrected(error: unknown): boolean {
  return metadataOf(error)?.clockSkewCorrected === true
}

function metadataOf(error: unknown) {
  return (
    error as
      | { $metadata?: { httpStatusCode?: number | undefined; clockSkewCorrected?: boolean | undefined } }
      | undefined
  )?.$metadata
}

function originOf(error: unknown): unknown {
  return error instanceof DistError && error.cause !== undefined ? originOf(error.cause) : error
}
