/** The codes of errors, and the status of each. Distribution specification, "Error Codes"; `NOT_FOUND` for other paths. */
const statuses = {
  BLOB_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  NOT_FOUND: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const

export type ApiCode = keyof typeof statuses

export interface ApiErrorOptions {
  /** Default: that of the code. */
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** More for programs, as the specification allows. */
  readonly detail?: unknown
  readonly cause?: unknown
}

/** An answer other than what was asked for. It never leaves this package. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly detail: unknown

  constructor(
    readonly code: ApiCode,
    message: string,
    { status = statuses[code], headers = {}, detail, cause }: ApiErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.status = status
    this.headers = headers
    this.detail = detail
  }

  /** The document of the error. */
  get body(): string {
    const { code, message, detail } = this
    return `${JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] })}\n`
  }
}
