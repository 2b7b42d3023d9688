import { isCanceled } from '@dist/errdefs'
import type { ImageOutcome } from '@dist/mirror'
import { formatReference, type Reference } from '@dist/reference'
import type { Context } from '../../context.js'
import { formatBytes } from '../../format.js'
import { note, print, printJson } from '../../output.js'
import { describeError, jsonError } from '../../run.js'
import { traceDefect } from '../../trace.js'
import { plural } from '../mirror/summary.js'
import { failureOf } from '../names.js'

export interface ReportParts {
  /** Where the image went. */
  destination: Reference
  /** What was done with it, for JSON. */
  verb: 'pushed' | 'copied'
  json?: boolean | undefined
}

/** Tells how it went for an image that went to a registry. */
export function reportSent(context: Context, outcome: ImageOutcome, parts: ReportParts): void {
  const { desc, upToDate, fetched, skipped, remarks, error } = outcome
  const name = formatReference(parts.destination)
  if (parts.json)
    printJson(context, {
      name,
      ...(desc === undefined ? {} : { mediaType: desc.mediaType, digest: desc.digest }),
      upToDate,
      [parts.verb]: fetched,
      ...(remarks.length === 0 ? {} : { remarks }),
      ...(error === undefined ? {} : jsonError(error)),
    })
  else if (error === undefined) print(context, `${name} ${desc?.digest}`)
  if (error !== undefined && !isCanceled(error)) {
    note(context, failureOf(name, describeError(error)))
    traceDefect(context, error)
  }
  for (const remark of remarks) note(context, `${name}: ${remark}`)
  if (skipped.length > 0) {
    const bytes = formatBytes(skipped.reduce((sum, { size }) => sum + size, 0))
    note(
      context,
      `${name}: left ${plural(skipped.length, 'foreign layer')} (${bytes}) where their publisher keeps them`,
    )
  }
}
