import { DistError, isNotFound, sanitize } from '@dist/errdefs'
import type {
  AppliedSchedules,
  MirrorResult,
  ScheduledFile,
  ScheduledRun,
  ScheduleStatus,
  Schedules,
} from '@dist/runs'
import * as z from 'zod'
import { newRunId, scheduleId } from '../jobs/ids.js'
import { applySchedules, removeSchedule } from '../schedule/apply.js'
import { allDefinitions, type Definition, findSchedule, unknownSchedule } from '../schedule/definition.js'
import { nextTimes } from '../schedule/scheduler.js'
import { startRun } from '../schedule/start.js'
import { readResults } from '../state/results.js'
import type { Client } from './client.js'
import { readStatus } from './list.js'
import { openClient, type RunsOptions } from './open.js'

/** Opens the schedules of a queue. Calls throw as those of `openRuns`. */
export function openSchedules(options: RunsOptions): Schedules & AsyncDisposable {
  return new QueuedSchedules(openClient(options))
}

/** What a schedule has started, as Redis keeps it. */
const stateOf = z.object({
  paused: z.literal('1').optional(),
  run: z.string().optional(),
  startedAt: z.coerce.number().default(0),
  skipped: z.coerce.number().default(0),
  error: z.string().optional(),
})

class QueuedSchedules implements Schedules, AsyncDisposable {
  constructor(private readonly client: Client) {}

  apply(file: ScheduledFile): Promise<AppliedSchedules> {
    return applySchedules(this.client, file)
  }

  async list(): Promise<ScheduleStatus[]> {
    const definitions = [...(await allDefinitions(this.client)).values()]
    definitions.sort((a, b) => (a.name < b.name ? -1 : 1))
    const next = await nextTimes(
      this.client,
      definitions.map(({ name }) => scheduleId(name)),
    )
    return Promise.all(definitions.map((each, i) => this.#status(each, next[i])))
  }

  results(): Promise<MirrorResult[]> {
    return readResults(this.client)
  }

  async run(name: string): Promise<string> {
    const { id, found } = await findSchedule(this.client, name)
    const { state, run } = await startRun(this.client, id, found, { due: newRunId(), counts: false })
    if (state === 'started') return run
    // Another client has removed it meanwhile.
    if (state === 'gone') throw unknownSchedule(name)
    throw new DistError(
      'IN_USE',
      `schedule ${sanitize(name, 100)}: its run ${run} is still going: dist status --watch ${run} follows it, dist cancel ${run} cancels it`,
    )
  }

  async pause(name: string): Promise<void> {
    const { redis, keys, ask } = this.client
    const { id } = await findSchedule(this.client, name)
    await ask(redis.hset(keys.schedule(id), 'paused', '1'))
  }

  async resume(name: string): Promise<void> {
    const { redis, keys, ask } = this.client
    const { id } = await findSchedule(this.client, name)
    await ask(redis.hdel(keys.schedule(id), 'paused'))
  }

  async remove(name: string): Promise<void> {
    const { redis, keys, ask } = this.client
    const wasLost = (await ask(redis.hdel(keys.lostSchedules, name))) === 1
    try {
      await findSchedule(this.client, name)
      await removeSchedule(this.client, name)
    } catch (error) {
      if (!wasLost || !isNotFound(error)) throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.redis.disconnect()
  }

  async #status({ name, file, timing }: Definition, next: number | undefined): Promise<ScheduleStatus> {
    const { redis, keys, ask } = this.client
    const state = stateOf.parse(await ask(redis.hgetall(keys.schedule(scheduleId(name)))))
    const paused = state.paused !== undefined
    return {
      name,
      file,
      timing,
      paused,
      next: paused || next === undefined ? undefined : new Date(next),
      run: state.run === undefined ? undefined : await this.#run(state.run, state.startedAt),
      skipped: state.skipped,
      error: state.error === undefined ? undefined : JSON.parse(state.error),
    }
  }

  async #run(id: string, startedAt: number): Promise<ScheduledRun> {
    const head = await this.client.ask(this.client.states.head(id))
    const state = head === undefined ? undefined : (await readStatus(this.client, id, head)).state
    return { id, startedAt: new Date(startedAt), state }
  }
}
