import * as z from 'zod'
import { count, time } from '../values.js'
import { reportedError } from './collection.js'
import { queueName } from './obstacle.js'
import { runState, sourcesText } from './run.js'

export const queueSchema = z.object({
  name: queueName,
  paused: z.boolean(),
  jobs: z
    .object({ waiting: count, active: count, delayed: count, blocked: count, failed: count })
    .describe('`blocked`: jobs that wait for other jobs.'),
})

export const serviceSchema = z.object({
  id: z.string(),
  service: z.string().describe('`coordinator`, `worker`, `dashboard`'),
  name: z.string(),
  version: z.string(),
  host: z.string(),
  pid: count,
  startedAt: time,
  seenAt: time,
  alive: z.boolean(),
  silentSince: time.optional(),
  active: count.describe('Its jobs under way.'),
})

const answersOfHost = z
  .object({
    answers: count,
    refused: count.describe('Of them, those that refused a request because there were too many (429).'),
    latency: z.number().optional().describe('Milliseconds until the first byte, on average.'),
  })
  .describe('Of the last hour.')

export const hostSchema = z.object({
  host: z.string().describe('`*` stands for all hosts that are not named.'),
  policy: z.object({
    requests: z.number(),
    requestsPerSecond: z.number().optional(),
    bytesPerSecond: z.number().optional(),
    reservePulls: z.number(),
    patience: z.number().describe('Milliseconds.'),
  }),
  pausedUntil: time.optional(),
  because: z.string().optional(),
  limits: z
    .array(
      z.object({
        account: z.string().optional(),
        kind: z.enum(['manifests', 'blobs', 'uploads', 'tokens', 'other']).optional(),
        rate: z.number().optional(),
        requests: z.number().optional(),
      }),
    )
    .readonly()
    .describe('Limits that the host has shown.'),
  quotas: z
    .array(
      z.object({
        source: z.string(),
        remaining: z.number(),
        limit: z.number().optional(),
        window: z.number().optional(),
        seenAt: time,
        asksAt: time.optional(),
      }),
    )
    .readonly(),
  answers: answersOfHost.optional(),
})

export const resumedHost = z.object({
  wasPaused: z.boolean(),
  asksForPulls: z
    .boolean()
    .describe(
      'Pulls wait for its quota, and it is asked at once whether there are more. Until then they wait.',
    ),
  jobs: count.describe('Jobs that waited for it, and go on.'),
})

const timing = z.union([
  z.object({ pattern: z.string(), timeZone: z.string() }),
  z.object({ every: z.number().int().positive().describe('Milliseconds.') }),
])

export const scheduleSchema = z.object({
  name: z.string(),
  file: z.string().describe('The mirror file that it is of.'),
  timing,
  paused: z.boolean(),
  next: time.optional(),
  run: z.object({ id: z.string(), startedAt: time, state: runState.optional() }).optional(),
  skipped: count.describe('Starts since the last one that were left out, because the run was going.'),
  error: reportedError.optional().describe('Why the last start failed.'),
})

export const mirrorSchema = z.object({
  name: z.string(),
  state: runState.exclude(['running', 'lost']).describe('Of all its images, without those of other mirrors.'),
  run: z.string(),
  endedAt: time,
  succeededAt: time.optional().describe('Absent: it has not succeeded yet.'),
})

export const scheduledFile = z.strictObject({
  file: z.string().min(1).max(4096).describe('The name of the file.'),
  path: z.string().max(4096).optional(),
  requests: z
    .array(z.strictObject({ name: z.string().min(1).max(4096), timing, sources: sourcesText }))
    .max(10_000),
  force: z.boolean().optional().describe('Also takes over schedules of other mirror files. Default: false.'),
})

const names = z.array(z.string()).readonly()

export const appliedSchedules = z.object({ added: names, changed: names, unchanged: names, removed: names })

const throughputStep = z.object({
  at: time,
  seconds: count.describe('Its length; of the last one, how long it has taken so far.'),
  bytes: count.describe('Received from registries.'),
  images: count.describe('Images that are done.'),
  failed: count.describe('Images that failed.'),
})

export const throughputSchema = z.object({
  hour: z.array(throughputStep).readonly().describe('In steps of a minute.'),
  day: z.array(throughputStep).readonly().describe('In steps of a quarter of an hour.'),
})

export const transferSchema = z.object({
  worker: z.string(),
  ref: z.string(),
  offset: count,
  total: count.optional(),
  startedAt: time,
  updatedAt: time,
})
