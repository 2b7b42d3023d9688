import type { Code } from '@dist/errdefs'

/** The code of a failed call, its cause and what to do. */
export interface Explanation {
  readonly code: Code
  readonly cause: string
  readonly advice?: string | undefined
  /** Default: true for `UNAVAILABLE`. */
  readonly retryable?: boolean | undefined
  /** Whether the bytes written so far are lost. Default false. */
  readonly lost?: boolean | undefined
}

const credentials = 'correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile'
const unknownKey: Explanation = {
  code: 'UNAUTHENTICATED',
  cause: 'the access key is unknown',
  advice: credentials,
}
const wrongSecret: Explanation = {
  code: 'UNAUTHENTICATED',
  cause: 'the secret key does not fit the access key',
  advice: credentials,
}
const expired: Explanation = {
  code: 'UNAUTHENTICATED',
  cause: 'the session token has expired',
  advice: 'renew it',
}
const noCredentials: Explanation = {
  code: 'UNAUTHENTICATED',
  cause: 'no credentials found',
  advice: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
}
const clock: Explanation = {
  code: 'UNAUTHENTICATED',
  cause: 'the clocks of this machine and of the server differ too much',
  advice: 'synchronize the clock of this machine (NTP)',
}
const denied: Explanation = {
  code: 'PERMISSION_DENIED',
  cause: 'access is denied',
  advice:
    'reading needs s3:GetObject and s3:ListBucket (without it a missing object looks forbidden), writing ' +
    's3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload, sweeping s3:ListBucketMultipartUploads and ' +
    's3:ListMultipartUploadParts',
}
const noBucket: Explanation = {
  code: 'NOT_FOUND',
  cause: 'no such bucket',
  advice: 'create it or correct its name; servers other than Amazon S3 may need path-style=true',
}
const noObject: Explanation = { code: 'NOT_FOUND', cause: 'no such object' }
const wrongRegion: Explanation = {
  code: 'INVALID_ARGUMENT',
  cause: 'the bucket is in another region or at another endpoint',
  advice: 'correct region= and endpoint=',
}
const busy: Explanation = { code: 'UNAVAILABLE', cause: 'the server is busy or has an internal error' }
const unreachable: Explanation = {
  code: 'UNAVAILABLE',
  cause: 'the server cannot be reached',
  advice: 'check the endpoint',
}
const unknownHost: Explanation = {
  code: 'UNAVAILABLE',
  cause: 'the host name is unknown',
  advice: 'correct endpoint=, or add path-style=true',
}
const brokenConnection: Explanation = { code: 'UNAVAILABLE', cause: 'the connection broke' }
const timeout: Explanation = { code: 'UNAVAILABLE', cause: 'the server did not answer in time' }
const damaged: Explanation = { code: 'UNAVAILABLE', cause: 'the bytes were damaged in transit' }
const full: Explanation = {
  code: 'RESOURCE_EXHAUSTED',
  cause: 'no space left on the server, or its quota is exceeded',
}
const tooLarge: Explanation = { code: 'RESOURCE_EXHAUSTED', cause: 'the object is too large for the server' }
const lost: Explanation = {
  code: 'UNAVAILABLE',
  lost: true,
  cause: 'the server lost the upload',
  advice: 'write the content again',
}
const proxyLogin: Explanation = {
  code: 'UNAUTHENTICATED',
  cause: 'the proxy requires a login',
  advice: 'check user and password in HTTP_PROXY',
}
const unsupported: Explanation = {
  code: 'NOT_IMPLEMENTED',
  cause: 'the server does not support this request',
}
const untrusted: Explanation = {
  code: 'UNAVAILABLE',
  retryable: false,
  cause: 'the certificate of the server is not trusted',
  advice: 'add its certificate authority',
}
const refused: Explanation = { code: 'INTERNAL', cause: 'the server refused the request' }

/** Amazon S3 API reference, "Error responses", and the names that other servers use. */
const byName: Readonly<Record<string, Explanation>> = {
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
  RequestTimeout: timeout,
  TimeoutError: timeout,
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  IncompleteBody: damaged,
  QuotaExceeded: full,
  InsufficientStorage: full,
  XMinioStorageFull: full,
  EntityTooLarge: tooLarge,
  NotImplemented: unsupported,
}

const byErrno: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ETIMEDOUT: timeout,
  ECONNRESET: brokenConnection,
  EPIPE: brokenConnection,
  ERR_STREAM_PREMATURE_CLOSE: brokenConnection,
  HPE_INVALID_CONSTANT: brokenConnection,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  CERT_HAS_EXPIRED: untrusted,
}

/** For answers without a document: those to HEAD, and those of proxies. */
const byStatus: Readonly<Record<number, Explanation>> = {
  301: wrongRegion,
  307: wrongRegion,
  401: unknownKey,
  403: denied,
  404: noObject,
  407: proxyLogin,
  408: timeout,
  409: busy,
  413: tooLarge,
  429: busy,
  501: unsupported,
  507: full,
}

/** The explanation of a failed call, by the S3 name of its error, the errno or the HTTP status. */
export function explain(
  name: string | undefined,
  status: number | undefined,
  errno: string | undefined,
): Explanation {
  const known = lookUp(byName, name) ?? lookUp(byErrno, errno) ?? lookUp(byStatus, status)
  if (known !== undefined) return known
  if (status !== undefined && status >= 500) return busy
  // The status is good, and the document after it is not.
  if (status !== undefined && status >= 200 && status < 300) return brokenConnection
  return refused
}

/** Whether the name of an S3 error has an explanation. */
export function isKnownName(name: string | undefined): boolean {
  return lookUp(byName, name) !== undefined
}

function lookUp<T>(
  table: Readonly<Record<string | number, T>>,
  key: string | number | undefined,
): T | undefined {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined
}
