import { DistError, sanitize } from '@dist/errdefs'
import type { AppliedSchedules, ScheduledFile, ScheduleRequest } from '@dist/runs'
import { newGeneration, scheduleId } from '../jobs/ids.js'
import { entriesOf } from '../run/sources.js'
import { allDefinitions, type Definition, hasTimingOf, isSame, type ScheduleParts } from './definition.js'
import { upsertScheduler } from './scheduler.js'

/** As `Schedules.apply`. After a crash the rest is applied by the next call. */
export async function applySchedules(
  parts: ScheduleParts,
  { file, path, requests }: ScheduledFile,
): Promise<AppliedSchedules> {
  for (const { sources } of requests) await entriesOf(sources)
  const known = await allDefinitions(parts)
  const isOwn = (each: Definition) => each.file === file || each.file === path
  refuseForeign(requests, known, isOwn)
  const changes = { added: [], changed: [], unchanged: [] } as Record<
    'added' | 'changed' | 'unchanged',
    string[]
  >
  for (const request of requests)
    changes[await applyOne(parts, file, request, known.get(request.name))].push(request.name)
  const wanted = new Set(requests.map(({ name }) => name))
  const removed = [...known.values()].filter((each) => isOwn(each) && !wanted.has(each.name))
  for (const { name } of removed) await removeSchedule(parts, scheduleId(name))
  await noteApplied(parts, [...wanted, ...removed.map(({ name }) => name)])
  return { ...changes, removed: removed.map(({ name }) => name) }
}

function refuseForeign(
  requests: readonly ScheduleRequest[],
  known: ReadonlyMap<string, Definition>,
  isOwn: (definition: Definition) => boolean,
): void {
  for (const { name } of requests) {
    const found = known.get(name)
    if (found !== undefined && !isOwn(found))
      throw new DistError(
        'ALREADY_EXISTS',
        `schedule ${sanitize(name, 100)}: it is of the mirror file ${sanitize(found.file, 300)}; rename the entry, or remove ` +
          'the other with dist schedule remove; a file that is applied from several places needs the key "name"',
      )
  }
}

/** The scheduler of an unchanged timing is not touched: BullMQ would drop a job that is overdue. */
async function applyOne(
  parts: ScheduleParts,
  file: string,
  request: ScheduleRequest,
  known: Definition | undefined,
): Promise<'added' | 'changed' | 'unchanged'> {
  if (known?.file === file && isSame(known, request)) return 'unchanged'
  const { redis, keys, ask } = parts
  const id = scheduleId(request.name)
  const { name, timing, sources } = request
  const keepsTiming = known !== undefined && hasTimingOf(known, request)
  const first = keepsTiming ? known.first : Date.now()
  const definition: Definition = { name, file, timing, first, sources }
  await ask(redis.hset(keys.schedules, id, JSON.stringify(definition)))
  // After a crash here the coordinators add the scheduler of a new one.
  if (!keepsTiming) await upsertScheduler(parts, id, definition)
  return known === undefined ? 'added' : 'changed'
}

export async function removeSchedule({ redis, keys, queues, ask }: ScheduleParts, id: string): Promise<void> {
  await ask(redis.hdel(keys.schedules, id))
  await ask(redis.unlink(keys.schedule(id), keys.scheduleRuns(id)))
  // A job that is due now finds no definition, and ends.
  await ask(queues.schedules.removeJobScheduler(id))
}

/** Lets coordinators notice when Redis loses the schedules, and forget that it has lost these. */
async function noteApplied({ redis, keys, ask }: ScheduleParts, names: readonly string[]): Promise<void> {
  await ask(redis.set(keys.scheduleEpoch, newGeneration(), 'NX'))
  if (names.length > 0) await ask(redis.hdel(keys.lostSchedules, ...names))
}
