import type { RunRequest } from '@dist/runs'
import type { Context } from '../context.js'
import { plural } from './mirror/summary.js'
import { meantStore, type SubmitParts, submitRun } from './runs/submit.js'
import type { VerifyOptions } from './verify.js'

/** Has the services verify what their store has, and follows them unless it is told to detach; the exit code. */
export async function verifyDistributed(
  context: Context,
  texts: readonly string[],
  options: VerifyOptions,
  parts: SubmitParts,
): Promise<number> {
  const references = [...new Set(texts)]
  const store = await meantStore(options, context)
  const request: RunRequest = {
    kind: 'verify',
    references,
    platforms: 'all',
    store,
  }
  const what = references.length === 0 ? 'all images of the store' : plural(references.length, 'image')
  return submitRun(context, request, `a verification of ${what}`, options, parts)
}
