import type { Job } from 'bullmq'
import type { JobContext, JobHandler, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { parsePayload, type RunJob, runJob } from '../jobs/payload.js'
import type { CoordinatorParts, PublishedImages } from '../service.js'
import type { RunHead } from '../state/head.js'
import { clearRun } from './clear.js'
import { closeRun } from './close.js'
import { expandRun } from './expand.js'
import { listItems } from './listing.js'
import { Reconciler } from './reconcile.js'
import { noteResults } from './results.js'
import { itemsOfSources, type ListParts } from './sources.js'
import { upkeepOf } from './upkeep.js'

/** What runs list, and what they do at their end. */
type RunParts = ListParts & Pick<CoordinatorParts, 'upkeep'>

/**
 * The reconcile loop of a run: expands its references into image jobs, chunk by chunk, replaces jobs that Redis has
 * lost, and reports the end, which it records if the last image has not. Between two turns the job is delayed. It relies on
 * no event.
 */
export class RunHandler implements JobHandler<RunJob> {
  readonly #reconciler: Reconciler

  constructor(
    private readonly engine: Engine,
    private readonly published: PublishedImages,
    private readonly parts: RunParts,
  ) {
    this.#reconciler = new Reconciler(engine)
  }

  async process(job: Job<RunJob>, { signal }: JobContext): Promise<JobOutcome> {
    const { run, round } = parsePayload(runJob, job.data, job.id ?? '')
    const { tuning } = this.engine
    const head = await this.#head(run, signal)
    // The job of a later round has taken over.
    if (head === undefined || head.round !== round) return 'done'
    if (job.attemptsStarted === 1 && head.state === 'running')
      this.engine.emit({ type: 'run', run, state: 'started' })
    if (head.state === 'canceled') await clearRun(this.engine, run)
    if (head.state === 'running') {
      await expandRun(this.engine, run, head, signal)
      await this.#reconciler.reconcile(run, head, signal)
    }
    return (await this.#hasEnded(run, head, signal)) ? 'done' : { later: tuning.watch }
  }

  /** The sweep replaces a run job that fails, and the run goes on, unless it has nothing to do but what has failed. */
  async failed(job: Job<RunJob>, error: unknown): Promise<void> {
    this.retrying(job, error)
    const { data } = runJob.safeParse(job.data)
    if (data === undefined || (await this.engine.states.head(data.run))?.kind !== 'collect') return
    await this.engine.states.failRun(data.run, reportedError(error))
    this.engine.emit({ type: 'run', run: data.run, state: 'failed' })
  }

  retrying(_job: Job<RunJob>, error: unknown): void {
    this.engine.emit({ type: 'error', error })
  }

  /** The run's head; for a run of all names or of a mirror file, after they are listed. */
  async #head(run: string, signal: AbortSignal): Promise<RunHead | undefined> {
    const { states } = this.engine
    const head = await states.head(run)
    if (head?.state !== 'running' || head.listing === undefined || head.listing === 'done') return head
    const list = (until: AbortSignal) =>
      head.sources ? itemsOfSources(this.engine, run, this.parts, until) : this.#allNames(head)
    await listItems(this.engine, run, list, signal)
    const listed = await states.head(run)
    if (head.sources && listed?.listing === 'done')
      await this.engine.redis.unlink(this.engine.keys.listed(run))
    return listed
  }

  /** The images of the store, or those that wait for their repair. */
  async *#allNames({ kind }: RunHead): AsyncGenerator<string> {
    const images = kind === 'repair' ? upkeepOf(this.parts).withheld : this.published.names
    for await (const { name } of images.list()) yield name
  }

  /** The script that records the end of the last image may have ended the run. */
  async #hasEnded(run: string, head: RunHead, signal: AbortSignal): Promise<boolean> {
    const { states, store } = this.engine
    let state = await states.endRun(run, store)
    if (state === 'closing') {
      await closeRun(this.engine, run, head, this.parts, signal)
      state = await states.endRun(run, store)
    }
    if (state === 'running' || state === 'closing') return false
    if (state === 'canceled' && (await this.engine.redis.scard(this.engine.keys.open(run))) > 0) return false
    this.#reconciler.forget(run)
    if (state === 'gone') return true
    await noteResults(this.engine, run, state)
    this.engine.emit({ type: 'run', run, state })
    return true
  }
}
