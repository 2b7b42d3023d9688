import { isDeepStrictEqual } from 'node:util'
import { DistError, sanitize } from '@dist/errdefs'
import type { ScheduleRequest } from '@dist/runs'
import * as z from 'zod'
import type { Client } from '../client/client.js'
import type { Engine } from '../engine/engine.js'
import { scheduleId } from '../jobs/ids.js'

const definition = z.object({
  name: z.string(),
  file: z.string(),
  timing: z.union([
    z.object({ pattern: z.string(), timeZone: z.string() }),
    z.object({ every: z.number().int().positive() }),
  ]),
  /** The moment from which an interval counts, in milliseconds. */
  first: z.number().int().nonnegative(),
  sources: z.object({ text: z.string(), language: z.enum(['yaml', 'json', 'toml']) }),
})

/** A schedule, as Redis keeps it. */
export type Definition = z.infer<typeof definition>

/** What works on schedules: a client or a coordinator. */
export type ScheduleParts = Pick<Client, 'redis' | 'keys' | 'queues' | 'memory' | 'ask'>

/** A coordinator waits for Redis without a limit: its jobs are handed to others when it loses it. */
export function scheduleParts({ redis, keys, queues, memory }: Engine): ScheduleParts {
  return { redis, keys, queues, memory, ask: (answer) => answer }
}

export function readDefinition(text: string, id: string): Definition {
  const parsed = definition.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new DistError('INTERNAL', `schedule ${id}: its definition in Redis is not valid`, {
    cause: parsed.error,
  })
}

export async function definitionOf(
  { redis, keys, ask }: ScheduleParts,
  id: string,
): Promise<Definition | undefined> {
  const text = await ask(redis.hget(keys.schedules, id))
  return text === null ? undefined : readDefinition(text, id)
}

/** All schedules, by name. */
export async function allDefinitions({ redis, keys, ask }: ScheduleParts): Promise<Map<string, Definition>> {
  const found = Object.entries(await ask(redis.hgetall(keys.schedules)))
  const definitions = found.map(([id, text]) => readDefinition(text, id))
  return new Map(definitions.map((each) => [each.name, each]))
}

/** The id and the definition of a schedule. Throws `NOT_FOUND`. */
export async function findSchedule(
  parts: ScheduleParts,
  name: string,
): Promise<{ id: string; found: Definition }> {
  const id = scheduleId(name)
  const found = await definitionOf(parts, id)
  if (found !== undefined) return { id, found }
  throw unknownSchedule(name)
}

export function unknownSchedule(name: string): DistError {
  return new DistError(
    'NOT_FOUND',
    `schedule ${sanitize(name, 100)}: this queue has no such schedule; dist schedule list shows them`,
  )
}

export function hasTimingOf({ timing }: Definition, request: ScheduleRequest): boolean {
  return isDeepStrictEqual(timing, request.timing)
}

export function isSame(definition: Definition, request: ScheduleRequest): boolean {
  return hasTimingOf(definition, request) && isDeepStrictEqual(definition.sources, request.sources)
}
