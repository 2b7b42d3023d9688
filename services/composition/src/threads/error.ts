import { type Code, codeOf, DistError, firstError } from '@dist/errdefs'

/** An error as it passes between threads, which would lose its class. */
export interface EncodedError {
  code: Code
  message: string
  retryable: boolean
  held: boolean
  retryAfter?: number
  stack?: string
}

export function encodeError(thrown: unknown): EncodedError {
  const error = firstError(thrown)
  const plain = error instanceof Error ? error : new Error(String(error))
  return {
    code: codeOf(error),
    message: plain.message,
    retryable: error instanceof DistError && error.retryable,
    held: error instanceof DistError && error.held,
    ...(error instanceof DistError && error.retryAfter !== undefined ? { retryAfter: error.retryAfter } : {}),
    ...(plain.stack === undefined ? {} : { stack: plain.stack }),
  }
}

export function decodeError({ code, message, retryable, held, retryAfter, stack }: EncodedError): DistError {
  const error = new DistError(code, message, {
    retryable,
    held,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
  if (stack !== undefined) error.stack = stack
  return error
}
