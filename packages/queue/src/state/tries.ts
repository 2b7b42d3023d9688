import { codes, DistError, isCanceled, sanitize } from '@dist/errdefs'
import type { FailedTry } from '@dist/runs'
import * as z from 'zod'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { recordTry } from './scripts/index.js'

/** Tries of an image that are kept, images of a run whose tries are kept, and for how long in milliseconds. */
const limits = { most: 20, images: 1_000, kept: 7 * 86_400_000 }
/** Characters of a message. */
const longestMessage = 300

const line = z.object({
  at: z.number(),
  digest: z.string().optional(),
  service: z.string().optional(),
  code: z.enum(codes),
  message: z.string(),
})

interface Tried {
  readonly run: string
  readonly index: number
  /** The blob. */
  readonly digest?: string | undefined
}

/** Records that a try has failed. Never rejects: without the record only people know less. */
export async function noteTry(
  { states, presence, emit }: Pick<Engine, 'states' | 'presence' | 'emit'>,
  { run, index, digest }: Tried,
  error: unknown,
): Promise<void> {
  // A paused host was not asked.
  if (isCanceled(error) || (error instanceof DistError && error.paused)) return
  const { code, message } = reportedError(error)
  const text = sanitize(message, longestMessage)
  const tried = { at: Date.now(), digest, service: presence?.id, code, message: text } satisfies z.infer<
    typeof line
  >
  const { redis, keys } = states
  const own = { run: keys.run(run), tries: keys.tries(run) }
  await recordTry(redis, own, { index, line: JSON.stringify(tried), ...limits }).catch((failure: unknown) =>
    emit({ type: 'error', error: failure }),
  )
}

/** Reads the lines of an image. */
export function readTries(lines: string | null): FailedTry[] {
  return (lines ?? '').split('\n').flatMap((text) => {
    if (text === '') return []
    const { at, digest, service, ...error } = line.parse(JSON.parse(text))
    return [{ at: new Date(at), digest, service, error }]
  })
}
