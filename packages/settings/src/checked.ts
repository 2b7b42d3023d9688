import { DistError } from '@dist/errdefs'
import * as z from 'zod'

/** A text as it is given: spaces at its ends belong to it. */
export const givenText = z
  .string('a text is expected')
  .min(1, { error: 'must not be empty', abort: true })
  .max(4096, { error: 'is longer than 4096 characters', abort: true })

/** A text that `check` accepts. The message of its `DistError` says what is allowed. */
export function checked(check: (value: string) => unknown) {
  return givenText.check((context) => {
    try {
      check(context.value)
    } catch (error) {
      if (!(error instanceof DistError)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: context.value })
    }
  })
}
