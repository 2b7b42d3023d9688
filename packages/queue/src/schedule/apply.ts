import { DistError, sanitize } from '@dist/errdefs'
import type { AppliedSchedules } from '@dist/runs'
import { formatTiming } from '@dist/schedule'
import type { ClientParts } from '../client/client.js'
import { newGeneration, scheduleId } from '../jobs/ids.js'
import { entriesOf } from '../run/sources.js'
import {
  type AnySchedule,
  type AnyScheduledFile,
  allDefinitions,
  type Definition,
  hasTimingOf,
  isSame,
} from './definition.js'
import { upsertScheduler } from './scheduler.js'

/** As `Schedules.apply`. After a crash the rest is applied by the next call. */
export async function applySchedules(
  parts: ClientParts,
  { file, path, requests, force = false }: AnyScheduledFile,
): Promise<AppliedSchedules> {
  for (const { sources } of requests) if (sources !== undefined) await entriesOf(sources)
  const known = await allDefinitions(parts)
  const isOwn = (each: Definition) => each.file === file || each.file === path
  refuseForeign(requests, known, (each) => isOwn(each) || (force && isOfMirrorFile(each)))
  const changes = { added: [], changed: [], unchanged: [] } as Record<
    'added' | 'changed' | 'unchanged',
    string[]
  >
  for (const request of requests)
    changes[await applyOne(parts, file, request, known.get(request.name))].push(request.name)
  const wanted = new Set(requests.map(({ name }) => name))
  const removed = [...known.values()].filter((each) => isOwn(each) && !wanted.has(each.name))
  for (const { name } of removed) await removeSchedule(parts, name)
  // A file that neither has nor had schedules leaves no trace.
  if (wanted.size + removed.length > 0)
    await noteApplied(parts, [...wanted, ...removed.map(({ name }) => name)])
  return { ...changes, removed: removed.map(({ name }) => name) }
}

/** Those of settings are none: no mirror file takes them over. */
function isOfMirrorFile({ sources }: Definition): boolean {
  return sources !== undefined
}

function refuseForeign(
  requests: readonly AnySchedule[],
  known: ReadonlyMap<string, Definition>,
  mayHave: (definition: Definition) => boolean,
): void {
  for (const { name } of requests) {
    const found = known.get(name)
    if (found !== undefined && !mayHave(found))
      throw new DistError('ALREADY_EXISTS', `schedule ${sanitize(name, 100)}: ${foreignText(found)}`)
  }
}

function foreignText(found: Definition): string {
  const { file, timing } = found
  const now = `${sanitize(file, 300)} (${sanitize(formatTiming(timing), 100)})`
  if (!isOfMirrorFile(found)) return `it is of the ${now}; rename the entry`
  return (
    `it is of the mirror file ${now}; rename the entry, or take the schedule over with --force; a file that is applied ` +
    'from several places needs the key "name"'
  )
}

/** The scheduler of an unchanged timing is not touched: BullMQ would drop a job that is overdue. */
async function applyOne(
  parts: ClientParts,
  file: string,
  request: AnySchedule,
  known: Definition | undefined,
): Promise<'added' | 'changed' | 'unchanged'> {
  if (known?.file === file && isSame(known, request)) return 'unchanged'
  const { redis, keys, ask } = parts
  const id = scheduleId(request.name)
  const { name, timing, sources, collection } = request
  const keepsTiming = known !== undefined && hasTimingOf(known, request)
  const first = keepsTiming ? known.first : Date.now()
  const definition: Definition = { name, file, timing, first, sources, collection }
  await ask(redis.hset(keys.schedules, id, JSON.stringify(definition)))
  // After a crash here the coordinators add the scheduler of a new one.
  if (!keepsTiming) await upsertScheduler(parts, id, definition)
  return known === undefined ? 'added' : 'changed'
}

export async function removeSchedule({ redis, keys, queues, ask }: ClientParts, name: string): Promise<void> {
  const id = scheduleId(name)
  await ask(redis.hdel(keys.schedules, id))
  await ask(redis.unlink(keys.schedule(id), keys.scheduleRuns(id)))
  // A job that is due now finds no definition, and ends.
  await ask(queues.schedules.removeJobScheduler(id))
}

/** Lets coordinators notice when Redis loses the schedules, and forget that it has lost these. */
async function noteApplied({ redis, keys, ask }: ClientParts, names: readonly string[]): Promise<void> {
  await ask(redis.set(keys.scheduleEpoch, newGeneration(), 'NX'))
  if (names.length > 0) await ask(redis.hdel(keys.lostSchedules, ...names))
}
