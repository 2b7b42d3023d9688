import { type Code, codeOf, DistError, firstError } from '@dist/errdefs'

/** An error as it passes between threads, which would lose its class. */
export interface EncodedError {
  code: Code
  message: string
  retryable: boolean
  held: boolean
  retryAfter?: number | undefined
  host?: string | undefined
  because?: string | undefined
  paused: boolean
  stack?: string | undefined
}

export function encodeError(thrown: unknown): EncodedError {
  const error = firstError(thrown)
  const plain = error instanceof Error ? error : new Error(String(error))
  const { retryable, held, paused, retryAfter, host, because } =
    error instanceof DistError ? error : new DistError(codeOf(error), plain.message, { retryable: false })
  return {
    code: codeOf(error),
    message: plain.message,
    retryable,
    held,
    paused,
    ...optional({ retryAfter, host, because, stack: plain.stack }),
  }
}

export function decodeError({ code, message, stack, ...options }: EncodedError): DistError {
  const error = new DistError(code, message, options)
  if (stack !== undefined) error.stack = stack
  return error
}

function optional<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
