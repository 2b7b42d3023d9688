import { type Code, DistError, errnoOf, firstError, sanitize } from '@dist/errdefs'

/** What a call was about, for its error. */
export interface Subject {
  /** `s3://bucket/key`. */
  readonly url: string
  readonly bucket: string
  /** As in "reading". */
  readonly doing: string
}

interface Meaning {
  readonly code: Code
  readonly explain: string
  readonly retryable?: boolean | undefined
  /** Whether what was written so far is lost. Default false. */
  readonly lost?: boolean | undefined
}

const credentials = 'correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile'
const unknownKey: Meaning = { code: 'UNAUTHENTICATED', explain: `the access key is unknown: ${credentials}` }
const wrongSecret: Meaning = {
  code: 'UNAUTHENTICATED',
  explain: `the secret key does not fit the access key: ${credentials}`,
}
const expired: Meaning = {
  code: 'UNAUTHENTICATED',
  explain: 'the session token is no longer valid: renew it',
}
const noCredentials: Meaning = {
  code: 'UNAUTHENTICATED',
  explain: 'no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
}
const clock: Meaning = {
  code: 'UNAUTHENTICATED',
  explain: 'the clocks of this machine and of the server differ too much: set this one by NTP',
}
const denied: Meaning = {
  code: 'PERMISSION_DENIED',
  explain:
    'access is denied: to read, the credentials need s3:GetObject and s3:ListBucket (without it a missing object ' +
    'looks forbidden), to write s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload, to sweep ' +
    's3:ListBucketMultipartUploads and s3:ListMultipartUploadParts',
}
const noBucket: Meaning = {
  code: 'NOT_FOUND',
  explain:
    'there is no such bucket: create it or correct its name; a server of your own may need path-style=true',
}
const noObject: Meaning = { code: 'NOT_FOUND', explain: 'there is no such object' }
const wrongRegion: Meaning = {
  code: 'INVALID_ARGUMENT',
  explain: 'the bucket is in another region, or at another endpoint: correct region= and endpoint=',
}
const busy: Meaning = { code: 'UNAVAILABLE', explain: 'the server is too busy or has a fault' }
const unreachable: Meaning = {
  code: 'UNAVAILABLE',
  explain: 'the server cannot be reached: see to the endpoint',
}
const unknownHost: Meaning = {
  code: 'UNAVAILABLE',
  explain: 'the host name is not known: correct endpoint=, or add path-style=true',
}
const cutOff: Meaning = { code: 'UNAVAILABLE', explain: 'the connection broke' }
const tooSlow: Meaning = { code: 'UNAVAILABLE', explain: 'the server did not answer in time' }
const damaged: Meaning = { code: 'UNAVAILABLE', explain: 'the bytes were damaged on their way' }
const full: Meaning = {
  code: 'RESOURCE_EXHAUSTED',
  explain: 'the server has no space left for it, or a quota is used up',
}
const tooLarge: Meaning = {
  code: 'RESOURCE_EXHAUSTED',
  explain: 'the server does not take objects this large',
}
const lost: Meaning = {
  code: 'UNAVAILABLE',
  lost: true,
  explain: 'the server lost the upload: it has to be sent again',
}
const proxyLogin: Meaning = {
  code: 'UNAUTHENTICATED',
  explain: 'the proxy in between wants a login: check user and password in HTTP_PROXY',
}
const missingFeature: Meaning = { code: 'NOT_IMPLEMENTED', explain: 'the server does not know this request' }
const untrusted: Meaning = {
  code: 'UNAVAILABLE',
  retryable: false,
  explain: "the server's certificate is not trusted: add its authority",
}

/** Amazon S3 API reference, "Error responses", and what servers of other makers answer. */
const byName: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: noBucket,
  NoSuchKey: noObject,
  NotFound: noObject,
  NoSuchUpload: lost,
  InvalidPart: lost,
  InvalidPartOrder: lost,
  EntityTooSmall: lost,
  AccessDenied: denied,
  Forbidden: denied,
  AllAccessDisabled: denied,
  InvalidAccessKeyId: unknownKey,
  SignatureDoesNotMatch: wrongSecret,
  InvalidToken: expired,
  ExpiredToken: expired,
  TokenRefreshRequired: expired,
  CredentialsProviderError: noCredentials,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  AuthorizationHeaderMalformed: wrongRegion,
  PermanentRedirect: wrongRegion,
  TemporaryRedirect: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  SlowDown: busy,
  ServiceUnavailable: busy,
  InternalError: busy,
  OperationAborted: busy,
  ConditionalRequestConflict: busy,
  TooManyRequests: busy,
  RequestTimeout: tooSlow,
  TimeoutError: tooSlow,
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  IncompleteBody: damaged,
  QuotaExceeded: full,
  InsufficientStorage: full,
  XMinioStorageFull: full,
  EntityTooLarge: tooLarge,
  NotImplemented: missingFeature,
}

const byErrno: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ETIMEDOUT: tooSlow,
  ECONNRESET: cutOff,
  EPIPE: cutOff,
  ERR_STREAM_PREMATURE_CLOSE: cutOff,
  HPE_INVALID_CONSTANT: cutOff,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  CERT_HAS_EXPIRED: untrusted,
}

/** For answers without a document: those to HEAD, and those of proxies in between. */
const byStatus: Readonly<Record<number, Meaning>> = {
  301: wrongRegion,
  307: wrongRegion,
  401: unknownKey,
  403: denied,
  404: noObject,
  407: proxyLogin,
  408: tooSlow,
  409: busy,
  413: tooLarge,
  429: busy,
  501: missingFeature,
  507: full,
}

/** A failed call as what it means for whoever uses the store. A `DistError` passes as it is. */
export function s3Error({ url, doing }: Subject, thrown: unknown): DistError {
  const cause = firstError(thrown)
  if (cause instanceof DistError) return cause
  const name = s3Name(cause)
  const status = statusOf(cause)
  const errno = errnoOf(cause)
  const { code, explain, retryable, lost = false } = meaningOf(name, status, errno)
  const reason = errno ?? name ?? status ?? 'unknown error'
  return new DistError(code, `${doing} ${url}: ${explain} (${sanitize(String(reason), 60)})`, {
    cause: withoutRequest(cause, name, status),
    lost,
    // The SDK takes the server's clock over for the next request.
    retryable: retryable ?? (code === 'UNAVAILABLE' || isClockCorrected(cause)),
  })
}

/** The SDK's errors hold the whole answer and request, signature and session token included: nothing to be logged. */
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

function meaningOf(name: string | undefined, status: number | undefined, errno: string | undefined): Meaning {
  const known = own(byName, name) ?? own(byErrno, errno) ?? own(byStatus, status)
  if (known !== undefined) return known
  if (status !== undefined && status >= 500) return busy
  // What came behind a good beginning is no document.
  if (status !== undefined && status >= 200 && status < 300) return cutOff
  return { code: 'INTERNAL', explain: 'the server refused the request' }
}

function own<T>(
  table: Readonly<Record<string | number, T>>,
  key: string | number | undefined,
): T | undefined {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined
}

/** The S3 name of an error (`NoSuchKey`), looked for along the causes. */
export function s3Name(error: unknown): string | undefined {
  const origin = originOf(error)
  return origin instanceof Error && origin.name !== 'Error' ? origin.name : undefined
}

/** The HTTP status that an error came with, looked for along the causes. */
export function statusOf(error: unknown): number | undefined {
  return metadataOf(originOf(error))?.httpStatusCode
}

/** Errors of connections that never came about. */
const unsent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Whether the server itself told what went wrong, or was never asked; else its answer was lost. */
export function isAnswered(error: unknown): boolean {
  const status = statusOf(error)
  if (status === undefined) return unsent.has(errnoOf(error) ?? '')
  return (status >= 400 && status < 500 && status !== 408) || isKnownName(s3Name(error))
}

/** Whether the name of an S3 error says what is wrong. */
export function isKnownName(name: string | undefined): boolean {
  return own(byName, name) !== undefined
}

/** Whether, with this error, the server does not go on with what it was asked to do. */
export function endsThere(error: unknown): boolean {
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
