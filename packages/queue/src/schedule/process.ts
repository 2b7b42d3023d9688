import type { Job } from 'bullmq'
import { type ClientParts, clientParts } from '../client/client.js'
import type { JobHandler, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { isFinal, reportedError } from '../jobs/failure.js'
import { parsePayload, type ScheduleJob, scheduleJob } from '../jobs/payload.js'
import { definitionOf } from './definition.js'
import { startRun } from './start.js'

/** Starts the run of a schedule that is due. BullMQ has added the job of the next time by then. */
export class ScheduleHandler implements JobHandler<ScheduleJob> {
  readonly #parts: ClientParts

  constructor(private readonly engine: Engine) {
    this.#parts = clientParts(engine)
  }

  async process(job: Job<ScheduleJob>): Promise<JobOutcome> {
    const { schedule } = parsePayload(scheduleJob, job.data, job.id ?? '')
    try {
      await this.#start(schedule, job.id ?? '')
    } catch (error) {
      if (!isFinal(error, job.attemptsMade, this.engine.tuning.attempts)) throw error
      // A failed job would stay in Redis. The next time has its own.
      await this.failed(job, error)
    }
    return 'done'
  }

  async failed(job: Job<ScheduleJob>, error: unknown): Promise<void> {
    const { redis, keys, emit } = this.engine
    const id = String(job.data.schedule)
    const definition = await definitionOf(this.#parts, id)
    emit({ type: 'schedule', state: 'failed', schedule: definition?.name ?? id, error })
    if (definition !== undefined)
      await redis.hset(keys.schedule(id), 'error', JSON.stringify(reportedError(error)))
  }

  retrying(_job: Job<ScheduleJob>, error: unknown): void {
    this.engine.emit({ type: 'error', error })
  }

  async #start(id: string, due: string): Promise<void> {
    const { redis, keys, queues, emit } = this.engine
    const definition = await definitionOf(this.#parts, id)
    if (definition === undefined) {
      // Its removal did not get so far.
      await queues.schedules.removeJobScheduler(id)
      return
    }
    if ((await redis.hget(keys.schedule(id), 'paused')) === '1') return
    const { state, run } = await startRun(this.#parts, id, definition, { due, counts: true })
    if (state !== 'gone')
      emit({
        type: 'schedule',
        state: state === 'going' ? 'skipped' : 'started',
        schedule: definition.name,
        run,
      })
  }
}
