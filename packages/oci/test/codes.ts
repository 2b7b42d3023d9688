import { DistError } from '@dist/errdefs'
import { expect } from 'vitest'

/** The error that a call throws, which must be one of ours. */
export function failure(call: () => unknown): DistError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(DistError)
    return error as DistError
  }
  return expect.unreachable('nothing was thrown')
}

export const codeThrown = (call: () => unknown) => failure(call).code
