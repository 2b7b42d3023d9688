import { isDeepStrictEqual } from 'node:util'
import { DistError, sanitize } from '@dist/errdefs'
import type { CollectionRequest, ScheduledFile, ScheduleRequest } from '@dist/runs'
import type { Timing } from '@dist/schedule'
import * as z from 'zod'
import type { ClientParts } from '../client/client.js'
import { scheduleId } from '../jobs/ids.js'
import { collectionRequest } from '../state/collection.js'

const definition = z.object({
  name: z.string(),
  file: z.string(),
  timing: z.union([
    z.object({ pattern: z.string(), timeZone: z.string() }),
    z.object({ every: z.number().int().positive() }),
  ]),
  /** The moment from which an interval counts, in milliseconds. */
  first: z.number().int().nonnegative(),
  /** What its runs do: one of the two. */
  sources: z.object({ text: z.string(), language: z.enum(['yaml', 'json', 'toml']) }).optional(),
  collection: collectionRequest.optional(),
})

/** A schedule, as Redis keeps it. */
export type Definition = z.infer<typeof definition>

/** A collection of garbage that is done by itself. */
interface CollectionSchedule {
  readonly name: string
  readonly timing: Timing
  readonly collection: CollectionRequest
  readonly sources?: undefined
}

/** What is done by itself: a mirror of an entry, or a collection of garbage. */
export type AnySchedule = (ScheduleRequest & { readonly collection?: undefined }) | CollectionSchedule

/** The schedules of a mirror file, or of settings. */
export interface AnyScheduledFile extends Omit<ScheduledFile, 'requests'> {
  readonly requests: readonly AnySchedule[]
}

export function readDefinition(text: string, id: string): Definition {
  const parsed = definition.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new DistError('INTERNAL', `schedule ${id}: its definition in Redis is not valid`, {
    cause: parsed.error,
  })
}

export async function definitionOf(
  { redis, keys, ask }: ClientParts,
  id: string,
): Promise<Definition | undefined> {
  const text = await ask(redis.hget(keys.schedules, id))
  return text === null ? undefined : readDefinition(text, id)
}

/** All schedules, by name. */
export async function allDefinitions({ redis, keys, ask }: ClientParts): Promise<Map<string, Definition>> {
  const found = Object.entries(await ask(redis.hgetall(keys.schedules)))
  const definitions = found.map(([id, text]) => readDefinition(text, id))
  return new Map(definitions.map((each) => [each.name, each]))
}

/** The id and the definition of a schedule. Throws `NOT_FOUND`. */
export async function findSchedule(
  parts: ClientParts,
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

export function hasTimingOf({ timing }: Definition, request: AnySchedule): boolean {
  return isDeepStrictEqual(timing, request.timing)
}

function workOf({ sources, collection }: Pick<Definition, 'sources' | 'collection'>) {
  return { sources, collection }
}

export function isSame(definition: Definition, request: AnySchedule): boolean {
  return hasTimingOf(definition, request) && isDeepStrictEqual(workOf(definition), workOf(request))
}
