import { isCanceled } from '@dist/errdefs'
import { type EngineDependencies, type EngineOptions, type PreviewOutcome, previewImages } from '@dist/mirror'
import { formatReference, type Reference } from '@dist/reference'
import type { HostPolicies, KnownQuota } from '@dist/remotes'
import type { ImageReport } from '@dist/runs'
import { exitCodeOf, exitCodeOfCode, exitCodeOfFailures, exitCodes } from '../errors/errors.js'
import { bulkPolicy } from '../open/registry.js'
import { formatBytes, plural, shownName } from '../output/format.js'
import { note, noteInterrupted, print, printJson } from '../output/print.js'
import type { Work } from './engine.js'
import { reportedError } from './outcomes.js'
import { Price } from './price.js'
import { pullsLine } from './pulls.js'

export interface DryWork extends Work {
  /** Stored images that their registries no longer list. */
  gone?: AsyncIterable<{ readonly entry: string; readonly image: Reference }> | undefined
}

/** A line of the result. */
interface Line {
  readonly entry?: string | undefined
  readonly name: string
  readonly to?: string | undefined
  readonly state: 'new' | 'changed' | 'gone' | 'pruned' | 'failed'
  readonly digest?: string | undefined
  readonly previous?: string | undefined
  readonly bytes?: number | undefined
  readonly error?: string | undefined
  readonly code?: string | undefined
  readonly stage?: string | undefined
}

/** Tells what the work would do, and changes nothing. Resolves to the exit code. */
export async function runDry(
  work: DryWork,
  dependencies: EngineDependencies,
  options: EngineOptions,
): Promise<number> {
  const { context, images, failed = [] } = work
  const { signal } = context
  const { bytes: sizes } = work.options
  const policy = await bulkPolicy({ ...work.options, registries: work.registries }, context)
  const result = new Result(work)
  for (const { reference, entry, error, stage } of failed)
    result.fail({ entry, name: reference, stage }, error)
  for await (const outcome of previewImages(images, dependencies, { ...options, policy, signal, sizes }))
    result.addOutcome(outcome)
  if (!signal.aborted) await addStored(result, work)
  if (signal.aborted) {
    noteInterrupted(context)
    return exitCodeOf(undefined, signal)
  }
  result.end()
  const { addressOf } = await import('@dist/wiring')
  for (const quota of await dependencies.hosts.quotas())
    result.addQuota(quota, policy, (host) => addressOf(host) === quota.host)
  return result.exitCode
}

/** What happens to stored images that are not selected. */
async function addStored(result: Result, { gone, pruning }: DryWork): Promise<void> {
  const pruned = new Set<string>()
  if (pruning !== undefined)
    for await (const { entry, reference: name, state, digest, error, stage } of pruning(0)) {
      if (state === 'failed') result.fail({ entry, name, stage }, error)
      else result.add({ entry, name, state: 'pruned', digest })
      pruned.add(name)
    }
  if (gone !== undefined)
    for await (const { entry, image } of gone) {
      const name = formatReference(image)
      if (!pruned.has(name)) result.add({ entry, name, state: 'gone' })
    }
}

/** Prints the lines as they come, and counts. */
class Result {
  readonly #counts = { new: 0, changed: 0, gone: 0, pruned: 0, unchanged: 0, failed: 0 }
  readonly #failures = new Set<number>()
  readonly #price = new Price()

  constructor(private readonly work: DryWork) {}

  get exitCode(): number {
    const { failed, ...others } = this.#counts
    const done = Object.values(others).reduce((sum, count) => sum + count, 0)
    const code = exitCodeOfFailures(failed > 0 ? done : 1, this.#failures)
    const changes = this.#counts.new + this.#counts.changed + this.#counts.pruned
    if (code !== exitCodes.done || this.work.options.exitCode !== true || changes === 0) return code
    return exitCodes.wouldChange
  }

  addOutcome(outcome: PreviewOutcome): void {
    const { reference, state, desc, previous, error, stage } = outcome
    const origin = this.work.originOf({ index: outcome.index, reference, desc })
    const name = formatReference(reference)
    if (isCanceled(error)) return
    if (error !== undefined) this.fail({ ...origin, name, stage }, reportedError(error))
    if (state === undefined) return
    const bytes = this.#price.add(outcome, origin.to?.split('/', 1)[0] ?? '')
    if (state === 'unchanged') this.#counts.unchanged++
    else this.add({ ...origin, name, state, digest: desc?.digest, previous, bytes })
  }

  /** What the run costs of a quota. `isOf`: whether the quota is that of a registry. */
  addQuota(quota: KnownQuota, policies: HostPolicies, isOf: (host: string) => boolean): void {
    const { context, options } = this.work
    for (const [registry, pulls] of this.#price.pulls) {
      if (!isOf(registry)) continue
      const line = pullsLine({ registry, pulls, isLeast: options.bytes !== true, quota }, policies)
      if (options.json) note(context, line)
      else print(context, line)
    }
  }

  fail(about: Pick<Line, 'entry' | 'name' | 'to' | 'stage'>, error: ImageReport['error']): void {
    const { code = 'INTERNAL', message } = error ?? {}
    this.#failures.add(exitCodeOfCode(code))
    this.add({ ...about, state: 'failed', error: message, code })
  }

  add(line: Line): void {
    this.#counts[line.state]++
    const { context, options } = this.work
    if (options.json) printJson(context, line)
    else print(context, shown(line))
  }

  end(): void {
    const { context, options } = this.work
    const total = Object.values(this.#counts).reduce((sum, count) => sum + count, 0)
    const states = Object.entries(this.#counts).filter(([state, count]) => count > 0 || state === 'unchanged')
    const counts = states.map(([state, count]) => `${count} ${state}`).join(', ')
    const line = `${plural(total, 'image')}: ${counts}; ${this.#price.text(options.bytes === true)}`
    if (options.json) note(context, line)
    else print(context, line)
  }
}

function shown({ name, to, state, digest, previous, bytes, error }: Line): string {
  const names = to === undefined ? shownName(name) : `${shownName(name)} -> ${shownName(to)}`
  const digests = [previous, digest].filter((each) => each !== undefined).join(' -> ')
  const size = bytes === undefined ? '' : `  ${formatBytes(bytes)}`
  return `${state.padEnd(9)}${names}${error === undefined ? '' : `: ${error}`}${digests === '' ? '' : `  ${digests}`}${size}`
}
