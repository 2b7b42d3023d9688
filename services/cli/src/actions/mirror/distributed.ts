import { formatReference, type Reference } from '@dist/reference'
import type { RunRequest } from '@dist/runs'
import type { Context } from '../../context.js'
import { meantStore, type SubmitParts, submitRun } from '../runs/submit.js'
import type { MirrorOptions } from './mirror.js'
import { requestedPlatforms, selectionOf } from './platforms.js'
import { plural } from './summary.js'

/** Has the services mirror, and follows them unless it is told to detach; resolves to the exit code. */
export async function mirrorDistributed(
  context: Context,
  references: readonly Reference[],
  options: MirrorOptions,
  parts: SubmitParts,
): Promise<number> {
  const request = await requestOf(context, references, options)
  return submitRun(context, request, plural(references.length, 'image'), options, parts)
}

async function requestOf(
  context: Context,
  references: readonly Reference[],
  options: MirrorOptions,
): Promise<RunRequest> {
  const store = await meantStore(options, context)
  return {
    references: references.map(formatReference),
    platforms: selectionOf(requestedPlatforms(options.platform)),
    // A file of references is bulk; who names images waits for them.
    byHand: (options.file ?? []).length === 0,
    store,
    to: options.to,
  }
}
