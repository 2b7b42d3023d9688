import { codes } from '@dist/errdefs'
import type { ReportedError } from '@dist/runs'
import * as z from 'zod'

/** The outcome of a verified blob: `right`, or why it is not. */
export type VerifyOutcome = 'right' | ReportedError

/** `right` holds for the whole run; a failure for the attempt that found it and those before. */
const failure = z.object({ attempt: z.number(), code: z.enum(codes), message: z.string() })

export function formatVerified(outcome: VerifyOutcome, attempt: number): string {
  return outcome === 'right' ? outcome : JSON.stringify({ attempt, ...outcome })
}

/** Undefined when there is no outcome yet, or only that of an earlier attempt. */
export function readVerified(text: string | null | undefined, attempt: number): VerifyOutcome | undefined {
  if (text == null || text === 'right') return text ?? undefined
  const { attempt: verifiedBy, code, message } = failure.parse(JSON.parse(text))
  return verifiedBy < attempt ? undefined : { code, message }
}
