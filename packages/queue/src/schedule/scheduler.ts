import type { ClientParts } from '../client/client.js'
import { version } from '../jobs/payload.js'
import { type Definition, definitionOf } from './definition.js'
import { repeatOf } from './repeat.js'

/** Gives a schedule its scheduler in BullMQ, in place of the one that it has. */
export async function upsertScheduler(
  { queues, ask }: ClientParts,
  id: string,
  { name, timing, first }: Definition,
): Promise<void> {
  // The dashboard shows the name.
  const template = { name, data: { v: version, schedule: id } } as const
  await ask(queues.schedules.upsertJobScheduler(id, repeatOf(timing, first), template))
}

/** When schedulers have their next job, in milliseconds; undefined for one that has none. */
export async function nextTimes(
  { redis, queues, ask }: ClientParts,
  ids: readonly string[],
): Promise<(number | undefined)[]> {
  const { schedules } = queues
  const pipeline = redis.pipeline()
  for (const id of ids) pipeline.zscore(schedules.toKey('repeat'), id)
  const scores = ((await ask(pipeline.exec())) ?? []).map(([, score]) => score as string | null)
  return scores.map((score) => (score === null ? undefined : Number(score)))
}

/** Adds schedulers that Redis has lost, or whose next job it has lost. One that cannot be added does not stop the others. */
export async function ensureSchedulers(
  parts: ClientParts,
  ids: readonly string[],
  onError: (error: unknown) => void,
): Promise<void> {
  if (ids.length === 0) return
  const { redis, queues } = parts
  const next = await nextTimes(parts, ids)
  const pipeline = redis.pipeline()
  for (const [i, id] of ids.entries()) pipeline.exists(queues.schedules.toKey(`repeat:${id}:${next[i]}`))
  const present = (await parts.ask(pipeline.exec())) ?? []
  for (const [i, id] of ids.entries()) {
    if (present[i]?.[1] === 1) continue
    await addScheduler(parts, id).catch(onError)
  }
}

async function addScheduler(parts: ClientParts, id: string): Promise<void> {
  const definition = await definitionOf(parts, id)
  if (definition !== undefined) await upsertScheduler(parts, id, definition)
}
