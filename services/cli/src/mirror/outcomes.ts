import { codeOf, isCanceled } from '@dist/errdefs'
import type { ImageOutcome } from '@dist/mirror'
import { formatReference } from '@dist/reference'
import type { ImageReport } from '@dist/runs'
import type { Context } from '../context.js'
import { describeError, traceDefect } from '../errors/errors.js'
import { formatBytes, plural } from '../output/format.js'
import { note } from '../output/print.js'

/** What a report says of an image beside its outcome: the mirror that selected it, and its name at a registry. */
export type Origin = Pick<ImageReport, 'entry' | 'to'>

/** An outcome as a run reports it. */
export function reportOf(outcome: ImageOutcome, origin: Origin): ImageReport {
  const { index, reference, desc, previous, upToDate, fetched, total, remarks, error, stage } = outcome
  const common = {
    index,
    reference: formatReference(reference),
    ...origin,
    ...(desc === undefined ? {} : { digest: desc.digest }),
    ...(previous === undefined ? {} : { previous }),
    fetched,
    ...(remarks.length === 0 ? {} : { remarks }),
  }
  if (isCanceled(error)) return { ...common, state: 'canceled' }
  if (error !== undefined) return { ...common, state: 'failed', error: reportedError(error), stage }
  const shared = { objects: total.objects - fetched.objects, bytes: total.bytes - fetched.bytes }
  return { ...common, state: 'done', upToDate, shared }
}

export function reportedError(error: unknown): Required<ImageReport>['error'] {
  return { code: codeOf(error), message: describeError(error) }
}

/** Defects whose traces are printed. */
const tracedAtMost = 10

/** What is printed behind the report: foreign layers that were skipped, and traces of defects. */
export class Rest {
  readonly #errors: unknown[] = []
  #layers = 0
  #bytes = 0

  add({ skipped, error }: ImageOutcome): void {
    for (const { size } of skipped) {
      this.#layers++
      this.#bytes += size
    }
    if (error !== undefined && codeOf(error) === 'INTERNAL' && this.#errors.length < tracedAtMost)
      this.#errors.push(error)
  }

  print(context: Context): void {
    for (const error of this.#errors) traceDefect(context, error)
    if (this.#layers > 0)
      note(
        context,
        `left ${plural(this.#layers, 'foreign layer')} (${formatBytes(this.#bytes)}) at their publisher`,
      )
  }
}
