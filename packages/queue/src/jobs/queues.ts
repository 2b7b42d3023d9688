import type { RunKind } from '@dist/runs'
import { type Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { repeatStrategy } from '../schedule/repeat.js'
import { blobJobId, imageJobId, runJobId } from './ids.js'
import {
  type BlobJob,
  type ImageJob,
  type NoticeJob,
  type QuestionJob,
  type RunJob,
  type ScheduleJob,
  sourcesVersion,
  upkeepVersion,
  version,
} from './payload.js'

/** The names of the queues in BullMQ. Their keys begin with `defaultPrefix`, or with the prefix in use. */
export const queueNames = {
  schedules: 'schedules',
  runs: 'runs',
  images: 'images',
  blobs: 'blobs',
  notices: 'notices',
  questions: 'questions',
} as const

/** Events that are kept, for the dashboard: no service reads them. */
const keptEvents = 1_000
/** Jobs that are added by one pipeline. */
const batchSize = 500
/** Up to so many jobs cost less one by one: the client prepares each script of BullMQ for each pipeline. */
const few = 8

export interface Queues {
  readonly schedules: Queue<ScheduleJob>
  readonly runs: Queue<RunJob>
  readonly images: Queue<ImageJob>
  readonly blobs: Queue<BlobJob>
  readonly notices: Queue<NoticeJob>
  readonly questions: Queue<QuestionJob>
}

/** The queues over one connection. The caller closes the connection. */
export function openQueues(redis: Redis, prefix: string, onError: (error: unknown) => void): Queues {
  const open = <T>(name: string) => {
    const queue = new Queue<T, unknown, string, T, unknown, string>(name, {
      connection: redis,
      prefix,
      streams: { events: { maxLen: keptEvents } },
      settings: { repeatStrategy },
    })
    queue.on('error', onError)
    return queue
  }
  return {
    schedules: open(queueNames.schedules),
    runs: open(queueNames.runs),
    images: open(queueNames.images),
    blobs: open(queueNames.blobs),
    notices: open(queueNames.notices),
    questions: open(queueNames.questions),
  }
}

// Options that are the same for all jobs are set by `Consumer`: Redis would keep them with each job. BullMQ adds no job
// with the id of another one.

/** Which services can take a run: a part of its head. */
interface RunNature {
  readonly kind: RunKind
  readonly sources: boolean
  readonly repairs: boolean
  /** Set when its images come with other referrers than is usual. */
  readonly referrers?: string | undefined
}

/** `head`: that of the run. */
export async function addRunJob(
  queues: Queues,
  { run, round }: Omit<RunJob, 'v'>,
  head: RunNature,
): Promise<void> {
  const v = versionOf(head)
  await queues.runs.add('run', { v, run, round }, { jobId: runJobId({ run, round }) })
}

/** A service of an older version must not take a run for one of another kind. */
function versionOf({ kind, sources, repairs, referrers }: RunNature): RunJob['v'] {
  if (kind === 'collect' || kind === 'repair' || repairs || referrers !== undefined) return upkeepVersion
  return sources ? sourcesVersion : version
}

/** Adds deliveries. One that was added before is not added again. */
export async function addNoticeJobs(queues: Queues, notices: readonly Omit<NoticeJob, 'v'>[]): Promise<void> {
  for (let start = 0; start < notices.length; start += batchSize) {
    const batch = notices.slice(start, start + batchSize)
    await queues.notices.addBulk(
      batch.map((notice) => ({
        name: 'notice',
        data: { v: version, ...notice },
        opts: { jobId: notice.id },
      })),
    )
  }
}

/** Adds the job of a question, whose text is in Redis already. */
export async function addQuestionJob(queues: Queues, id: string): Promise<void> {
  await queues.questions.add('question', { v: version, id }, { jobId: id })
}

/** An image job and its priority: lower ones first, those without one before all. */
export interface PrioritizedImage {
  readonly job: ImageJob
  readonly priority: number | undefined
}

export async function addImageJobs(queues: Queues, images: readonly PrioritizedImage[]): Promise<void> {
  for (let start = 0; start < images.length; start += batchSize) {
    const batch = images.slice(start, start + batchSize).map(({ job: data, priority }) => {
      const opts = { ...priorityOption(priority), jobId: imageJobId(data) }
      return { name: 'image', data, opts }
    })
    await queues.images.addBulk(batch)
  }
}

// BullMQ refuses an undefined priority.
function priorityOption(priority: number | undefined): { priority?: number } {
  return priority === undefined ? {} : { priority }
}

/**
 * Adds blob jobs as children of an image job, with its priority. The parent wakes when all have ended, also by failure.
 */
export async function addBlobJobs(
  queues: Queues,
  parent: Job<ImageJob>,
  generation: string,
  jobs: readonly BlobJob[],
): Promise<void> {
  const image = { id: parent.id ?? '', queue: parent.queueQualifiedName }
  for (let start = 0; start < jobs.length; start += batchSize) {
    const batch = jobs.slice(start, start + batchSize).map((data) => {
      const jobId = blobJobId(data, generation, data.desc.digest)
      const opts = {
        ...priorityOption(parent.opts.priority),
        jobId,
        parent: image,
        ignoreDependencyOnFailure: true,
      }
      return { name: 'blob', data, opts }
    })
    if (batch.length > few) await queues.blobs.addBulk(batch)
    else await Promise.all(batch.map((each) => queues.blobs.add(each.name, each.data, each.opts)))
  }
}
