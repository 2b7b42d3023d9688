import * as z from 'zod'
import { count, time } from '../values.js'
import { reportedError } from './collection.js'

export const queueName = z.enum(['schedules', 'runs', 'images', 'blobs', 'notices', 'questions'])

export const obstacleSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('no-service'),
      service: z.enum(['coordinator', 'worker']),
      lastSeenAt: time.optional(),
    }),
    z.object({ kind: z.literal('paused-queue'), queue: queueName }),
    z.object({ kind: z.literal('lost-schedules'), names: z.array(z.string()).readonly(), at: time }),
    z.object({ kind: z.literal('paused-host'), host: z.string(), until: time, because: z.string() }),
    z.object({
      kind: z.literal('quota'),
      host: z.string(),
      remaining: z.number(),
      limit: z.number().optional(),
      asksAt: time,
    }),
    z.object({ kind: z.literal('retries'), images: count, at: time, error: reportedError.optional() }),
    z.object({
      kind: z.literal('held'),
      subject: z.string(),
      queue: queueName,
      by: z.string(),
      silentSince: time,
    }),
  ])
  .describe('A reason why runs make no progress.')
