import { describe, expect, it } from 'vitest'
import { codeOf, DistError, errnoOf, firstError, isHeld, isRetryable, laterErrors } from '../src/index.js'

/** The error of a block that fails with `first` while its disposals fail with `later`. */
async function catchSuppressed(first: unknown, ...later: unknown[]): Promise<unknown> {
  const closing = (error: unknown) => ({ [Symbol.asyncDispose]: () => Promise.reject(error) })
  const block = async (errors: readonly unknown[]): Promise<void> => {
    const [error] = errors
    if (errors.length === 0) throw first
    await using _ = closing(error)
    await block(errors.slice(1))
  }
  return await block([...later].reverse()).catch((error: unknown) => error)
}

const refused = new DistError('UNAVAILABLE', 'refused', { held: true, cause: errno('ECONNREFUSED') })

function errno(code: string): Error {
  return Object.assign(new Error(code), { code })
}

describe('an error of a disposal', () => {
  it('does not hide the first error and its properties', async () => {
    const error = await catchSuppressed(refused, errno('EIO'), new Error('too late'))
    expect(firstError(error)).toBe(refused)
    expect(codeOf(error)).toBe('UNAVAILABLE')
    expect(isRetryable(error)).toBe(true)
    expect(isHeld(error)).toBe(true)
    expect(errnoOf(error)).toBe('ECONNREFUSED')
  })

  it('is kept, in order', async () => {
    const [one, two] = [errno('EIO'), new Error('too late')]
    expect(laterErrors(await catchSuppressed(refused, one, two))).toEqual([one, two])
  })

  it('that is the first error again is not listed twice', async () => {
    expect(laterErrors(await catchSuppressed(refused, refused))).toEqual([])
  })
})

it('a single error is the first', () => {
  for (const error of [refused, new Error('x'), 'text', undefined]) {
    expect(firstError(error)).toBe(error)
    expect(laterErrors(error)).toEqual([])
  }
})
