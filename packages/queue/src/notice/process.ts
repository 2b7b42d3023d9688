import type { Notifier } from '@dist/runs'
import type { Job } from 'bullmq'
import type { JobContext, JobHandler, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { type NoticeJob, noticeJob, parsePayload } from '../jobs/payload.js'
import { recordUndelivered } from '../state/undelivered.js'

/** Deliveries at the same time. */
export const noticesAtOnce = 8

/** Attempts at a delivery: with pauses that grow to a minute, about five minutes. */
export const noticeAttempts = 10

/** Delivers what targets are told of runs. A delivery that fails for good is reported as an event, and fails no run. */
export class NoticeHandler implements JobHandler<NoticeJob> {
  constructor(
    private readonly engine: Pick<Engine, 'emit' | 'states'>,
    private readonly notifier: Pick<Notifier, 'deliver'>,
  ) {}

  async process(job: Job<NoticeJob>, { signal }: JobContext): Promise<JobOutcome> {
    const { run, id, entry, target, body } = parsePayload(noticeJob, job.data, job.id ?? '')
    await this.notifier.deliver({ id, target, body }, signal)
    this.engine.emit({ type: 'notice', run, state: 'delivered', subject: entry, target })
    return 'done'
  }

  async failed({ data }: Job<NoticeJob>, error: unknown): Promise<void> {
    const event = eventOf(data)
    this.engine.emit({ ...event, state: 'failed', error })
    const { run, subject: entry, target } = event
    await recordUndelivered(this.engine.states, run, { entry, target, error: reportedError(error) })
  }

  retrying({ data }: Job<NoticeJob>, error: unknown): void {
    this.engine.emit({ ...eventOf(data), state: 'retrying', error })
  }
}

/** Of a payload that may not be valid. */
function eventOf({ run, entry, target }: Partial<NoticeJob>) {
  return { type: 'notice', run: run ?? '', subject: entry ?? '', target: target ?? '' } as const
}
