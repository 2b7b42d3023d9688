import { type Code, codes, DistError, sanitize } from '@dist/errdefs'
import * as z from 'zod'

/** The media type of errors (RFC 9457). */
export const problemType = 'application/problem+json'

export const problemSchema = z.object({
  type: z.string().describe('Always `about:blank`: `code` tells the kind.'),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(codes).describe('Stable between versions.'),
  detail: z.string().describe('For people: what failed, at which side, and what to do.'),
  request: z.string().describe('The id of the request, which the log of the dashboard has as well.'),
})

export type Problem = z.output<typeof problemSchema>

const statuses: Readonly<Record<Code, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  IN_USE: 409,
  FAILED_PRECONDITION: 412,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  NOT_IMPLEMENTED: 501,
  MALFORMED: 502,
  UNAVAILABLE: 503,
  CANCELED: 503,
  DEADLINE_EXCEEDED: 504,
}

/** The status of an answer with this error. */
export function statusOfCode(code: Code): number {
  return statuses[code]
}

/** The error of an answer that reports a failure. `server`: how messages name the other side. */
export function errorOfAnswer(status: number, body: unknown, server: string): DistError {
  const parsed = problemSchema.safeParse(body)
  if (parsed.success) return new DistError(parsed.data.code, sanitize(parsed.data.detail, 1_000))
  const known = Object.entries(statuses).find(([, each]) => each === status)
  const code = (known?.[0] ?? (status >= 500 ? 'UNAVAILABLE' : 'MALFORMED')) as Code
  return new DistError(
    code,
    `${server}: answers ${status}, and not as the API of dist does; check the address`,
  )
}
