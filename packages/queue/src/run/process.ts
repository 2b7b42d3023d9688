import type { Job } from 'bullmq'
import type { Handler, JobContext, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { parsePayload, type RunJob, runJob } from '../jobs/payload.js'
import type { PublishedImages } from '../service.js'
import type { RunHead } from '../state/head.js'
import { clearRun } from './clear.js'
import { expandRun } from './expand.js'
import { listAllNames } from './names.js'
import { Reconciler } from './reconcile.js'

/**
 * Watches over a run: hands its references out to image jobs, little by little, makes good what Redis has lost, and
 * records the end. Between two looks the job is delayed; nothing depends on an event.
 */
export class RunHandler implements Handler<RunJob> {
  readonly #reconciler: Reconciler

  constructor(
    private readonly engine: Engine,
    private readonly published: PublishedImages,
  ) {
    this.#reconciler = new Reconciler(engine)
  }

  async process(job: Job<RunJob>, { signal }: JobContext): Promise<JobOutcome> {
    const { run, round } = parsePayload(runJob, job.data, job.id ?? '')
    const { tuning } = this.engine
    const head = await this.#head(run, signal)
    // Another job has taken over: the sweep took this one for lost.
    if (head === undefined || head.round !== round) return 'done'
    if (job.attemptsStarted === 1 && head.state === 'running')
      this.engine.emit({ type: 'run', run, state: 'started' })
    if (head.state === 'canceled') await clearRun(this.engine, run)
    if (head.state === 'running') {
      await expandRun(this.engine, run, head, signal)
      await this.#reconciler.reconcile(run, head, signal)
    }
    return (await this.#hasEnded(run, head.state)) ? 'done' : { later: tuning.watch }
  }

  /** A run job that fails is replaced by the next sweep; the run is none the worse for it. */
  async failed(job: Job<RunJob>, error: unknown): Promise<void> {
    this.retrying(job, error)
  }

  retrying(_job: Job<RunJob>, error: unknown): void {
    this.engine.emit({ type: 'error', error })
  }

  /** The run's head, of a run of all names once they are listed. */
  async #head(run: string, signal: AbortSignal): Promise<RunHead | undefined> {
    const { states } = this.engine
    const head = await states.head(run)
    if (head?.state !== 'running' || head.listing === undefined || head.listing === 'done') return head
    await listAllNames(this.engine, run, this.published.names, signal)
    return states.head(run)
  }

  async #hasEnded(run: string, before: string): Promise<boolean> {
    const state = await this.engine.states.endRun(run, this.engine.store)
    if (state === 'running') return false
    if (state === 'canceled' && (await this.engine.redis.scard(this.engine.keys.open(run))) > 0) return false
    this.#reconciler.forget(run)
    const announced = state !== 'gone' && (before === 'running' || state === 'canceled')
    if (announced) this.engine.emit({ type: 'run', run, state })
    return true
  }
}
