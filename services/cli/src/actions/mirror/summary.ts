import type { Code } from '@dist/errdefs'
import type { Amount, ImageReport, RunKind } from '@dist/queue'
import { exitCodeOfCode, exitCodeOfFailures, exitCodes } from '../../exit.js'
import { formatBytes } from '../../format.js'

/** What the reports of all images come to, in constant memory. */
export class Summary {
  total = 0
  done = 0
  upToDate = 0
  failed = 0
  canceled = 0
  readonly fetched = { objects: 0, bytes: 0 }
  readonly shared = { objects: 0, bytes: 0 }
  readonly #failures = new Set<number>()

  constructor(readonly kind: RunKind = 'mirror') {}

  add({ state, upToDate, fetched, shared, error }: ImageReport): void {
    this.total++
    if (state === 'done') this.done++
    if (state === 'done' && upToDate) this.upToDate++
    if (state === 'canceled') this.canceled++
    if (state === 'failed') {
      this.failed++
      this.#failures.add(this.#exitCodeOf(error?.code ?? 'INTERNAL'))
    }
    increase(this.fetched, fetched)
    increase(this.shared, shared)
  }

  /**
   * That of the failures where all failed alike, "partly done" where some are done. What was canceled is not done. Of a
   * verification the worst that was found.
   */
  get exitCode(): number {
    if (this.kind === 'verify' && this.failed > 0) return Math.max(...this.#failures)
    const failures = this.canceled > 0 ? [...this.#failures, exitCodes.failed] : this.#failures
    return exitCodeOfFailures(this.done, new Set(failures))
  }

  /** What is missing comes back with a pull; everything else that could not be verified must not look better. */
  #exitCodeOf(code: Code): number {
    if (this.kind === 'mirror') return exitCodeOfCode(code)
    return code === 'NOT_FOUND' ? exitCodes.notFound : exitCodes.notVerified
  }
}

function increase(sum: { objects: number; bytes: number }, amount: Amount | undefined): void {
  sum.objects += amount?.objects ?? 0
  sum.bytes += amount?.bytes ?? 0
}

/** What a run of a kind has done with content. */
export const pastOf = { mirror: 'fetched', verify: 'verified' } as const

/** One line that ends a report. */
export function summaryLine(summary: Summary): string {
  const { kind, total, done, upToDate, failed, canceled, fetched, shared } = summary
  const there = upToDate > 0 ? ` (${upToDate} up to date)` : ''
  const states = [
    `${done} done${there}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(canceled > 0 ? [`${canceled} canceled`] : []),
  ]
  return `${plural(total, 'image')}: ${states.join(', ')}; ${pastOf[kind]} ${formatAmount(fetched)}, shared ${formatAmount(shared)}`
}

export function formatAmount({ objects, bytes }: Amount): string {
  return `${plural(objects, 'object')} (${formatBytes(bytes)})`
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
