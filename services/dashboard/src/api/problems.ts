import { STATUS_CODES } from 'node:http'
import { type Problem, problemType, statusOfCode } from '@dist/api'
import { type Code, codeOf, DistError, firstError, sanitize } from '@dist/errdefs'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** The status of an answer, and the error that it tells. */
interface Failure {
  readonly status: number
  readonly code: Code
  readonly detail: string
}

/** Answers with an error, as problem details. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const { status, code, detail } = failureOf(thrown)
  const title = STATUS_CODES[status] ?? 'Error'
  const problem: Problem = { type: 'about:blank', title, status, code, detail, request: request.id }
  if (status === 401 && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', 'Bearer realm="dist"')
  if ((status === 429 || status === 503) && !reply.hasHeader('retry-after')) reply.header('retry-after', '1')
  return reply.status(status).type(problemType).send(JSON.stringify(problem))
}

/** What an error tells clients. */
export function failureOf(thrown: unknown): Failure {
  const error = firstError(thrown)
  if (error instanceof DistError) {
    const { code, message } = error
    return { status: statusOfCode(code), code, detail: sanitize(message, 1_000) }
  }
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown }
  // What fastify refuses: a body that is too long, or no JSON.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return { status: statusCode, code: 'INVALID_ARGUMENT', detail: sanitize(String(message), 300) }
  return {
    status: 500,
    code: codeOf(error),
    detail: 'an internal error: the log of the dashboard tells more',
  }
}
