import { codes } from '@dist/errdefs'
import type { ReportedError } from '@dist/runs'
import { z } from 'zod'

/** What a run has found of stored content: `right`, or why it is not. */
export type RunVerdict = 'right' | ReportedError

/** What is right is right for the whole run; what is bad counts for the attempt that found it and those before. */
const badVerdict = z.object({ attempt: z.number(), code: z.enum(codes), message: z.string() })

export function formatVerdict(verdict: RunVerdict, attempt: number): string {
  return verdict === 'right' ? verdict : JSON.stringify({ attempt, ...verdict })
}

/** Undefined where there is none yet, or a later attempt has to look again. */
export function readVerdict(text: string | null | undefined, attempt: number): RunVerdict | undefined {
  if (text == null || text === 'right') return text ?? undefined
  const { attempt: of, code, message } = badVerdict.parse(JSON.parse(text))
  return of < attempt ? undefined : { code, message }
}
