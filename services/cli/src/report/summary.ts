import type { Code } from '@dist/errdefs'
import type { Amount, ImageReport, RunKind } from '@dist/runs'
import { exitCodeOfCode, exitCodeOfFailures, exitCodes } from '../errors/errors.js'
import { formatBytes, plural } from '../output/format.js'

/** A kind of run that has images. */
export type ImagesKind = Exclude<RunKind, 'collect'>

/** What was done with the content of images: for lines and for JSON. */
export type Verb = 'fetched' | 'sent' | 'verified'

/** `to`: the registry, if the images do not go into the store. */
export function verbOf({
  kind = 'mirror',
  to,
}: {
  kind?: RunKind | undefined
  to?: string | undefined
}): Verb {
  if (kind === 'verify') return 'verified'
  return to === undefined ? 'fetched' : 'sent'
}

/** The sums of the reports of all images, in constant memory. */
export class Summary {
  total = 0
  done = 0
  upToDate = 0
  failed = 0
  canceled = 0
  /** Names that were removed. They are not images of the run. */
  pruned = 0
  /** Images that have not ended. */
  open = 0
  readonly fetched = { objects: 0, bytes: 0 }
  readonly shared = { objects: 0, bytes: 0 }
  readonly #failures = new Set<number>()

  constructor(readonly kind: ImagesKind = 'mirror') {}

  add({ state, upToDate, fetched, shared, error }: ImageReport): void {
    if (state === 'pruned') {
      this.pruned++
      return
    }
    this.total++
    if (state === 'done') this.done++
    if (state === 'done' && upToDate) this.upToDate++
    if (state === 'canceled') this.canceled++
    if (state === 'waiting' || state === 'active') this.open++
    if (state === 'failed') {
      this.failed++
      this.#failures.add(this.#exitCodeOf(error?.code ?? 'INTERNAL'))
    }
    increase(this.fetched, fetched)
    increase(this.shared, shared)
  }

  /**
   * The exit code of the failures if they agree, `partlyDone` if some images are done. Canceled images are not done. The
   * exit code of a verification is that of its worst failure.
   */
  get exitCode(): number {
    if (this.kind === 'verify' && this.failed > 0) return Math.max(...this.#failures)
    const failures = this.canceled > 0 ? [...this.#failures, exitCodes.failed] : this.#failures
    return exitCodeOfFailures(this.done, new Set(failures))
  }

  /** A verification distinguishes missing content, which a pull repairs, from all other failures. A repair fails alike for all. */
  #exitCodeOf(code: Code): number {
    if (this.kind === 'mirror') return exitCodeOfCode(code)
    if (this.kind === 'repair') return exitCodes.notVerified
    return code === 'NOT_FOUND' ? exitCodes.notFound : exitCodes.notVerified
  }
}

function increase(sum: { objects: number; bytes: number }, amount: Amount | undefined): void {
  sum.objects += amount?.objects ?? 0
  sum.bytes += amount?.bytes ?? 0
}

/** The last line of a report. */
export function summaryLine(summary: Summary, to?: string): string {
  const { kind, total, done, upToDate, failed, canceled, open, pruned, fetched, shared } = summary
  const there = upToDate > 0 ? ` (${upToDate} up to date)` : ''
  const states = [
    `${done} done${there}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(canceled > 0 ? [`${canceled} canceled`] : []),
    ...(open > 0 ? [`${open} to come`] : []),
    ...(pruned > 0 ? [`${pruned} pruned`] : []),
  ]
  const where = to === undefined ? '' : ` to ${to}`
  const amounts = `${verbOf({ kind, to })} ${formatAmount(fetched)}${where}, shared ${formatAmount(shared)}`
  return `${plural(total, 'image')}: ${states.join(', ')}; ${amounts}`
}

export function formatAmount({ objects, bytes }: Amount): string {
  return `${plural(objects, 'object')} (${formatBytes(bytes)})`
}
