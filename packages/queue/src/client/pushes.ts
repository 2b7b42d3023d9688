import { DistError } from '@dist/errdefs'
import { defineScript } from '@dist/redis'
import type { PushedImage, PushedRun, Pushes } from '@dist/runs'
import { type MirrorEntry, mayTake } from '@dist/sync'
import { newGeneration, newRunId, scheduleId } from '../jobs/ids.js'
import { entriesOf } from '../run/sources.js'
import { allDefinitions, type Definition, definitionOf } from '../schedule/definition.js'
import { startRun } from '../schedule/start.js'
import type { Client } from './client.js'
import { openClient, type RunsOptions } from './open.js'

/** Opens the pushes of a queue. Calls throw as those of `openRuns`. */
export function openPushes(options: RunsOptions): Pushes & AsyncDisposable {
  return new QueuedPushes(openClient(options))
}

/** Removes the mark of a schedule, unless something was pushed since it was read. Replies whether it did. */
const dropMark = defineScript('dropMark', {
  keys: ['marks'],
  args: ['name', 'mark'],
  lua: `
if redis.call('HGET', keys.marks, args.name) ~= args.mark then return 0 end
return redis.call('HDEL', keys.marks, args.name)`,
  reply: (value) => value === 1,
})

/** Schedules whose entries are kept parsed. */
const keptEntries = 10_000

class QueuedPushes implements Pushes, AsyncDisposable {
  /** By the text of the mirror file. */
  readonly #entries = new Map<string, readonly MirrorEntry[]>()

  constructor(private readonly client: Client) {}

  async note(image: PushedImage): Promise<string[]> {
    const { redis, keys, ask } = this.client
    const names: string[] = []
    for (const definition of (await allDefinitions(this.client)).values())
      if ((await this.#takes(definition, image)) && !(await this.#isPaused(definition.name)))
        names.push(definition.name)
    const marks = Object.fromEntries(names.map((name) => [name, newGeneration()]))
    if (names.length > 0) await ask(redis.hset(keys.pushed, marks))
    return names
  }

  async start(): Promise<{ started: PushedRun[]; waiting: string[] }> {
    const { redis, keys, ask } = this.client
    const started: PushedRun[] = []
    const waiting: string[] = []
    for (const [name, mark] of Object.entries(await ask(redis.hgetall(keys.pushed)))) {
      const id = scheduleId(name)
      const definition = await definitionOf(this.client, id)
      const begun =
        definition && (await startRun(this.client, id, definition, { due: newRunId(), counts: false }))
      if (begun?.state === 'going') waiting.push(name)
      else {
        if (begun?.state === 'started') started.push({ schedule: name, run: begun.run })
        if (!(await ask(dropMark(redis, { marks: keys.pushed }, { name, mark })))) waiting.push(name)
      }
    }
    return { started, waiting }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.redis.disconnect()
  }

  async #isPaused(name: string): Promise<boolean> {
    const { redis, keys, ask } = this.client
    return (await ask(redis.hget(keys.schedule(scheduleId(name)), 'paused'))) === '1'
  }

  async #takes({ sources }: Definition, image: PushedImage): Promise<boolean> {
    if (sources === undefined) return false
    const known = this.#entries.get(sources.text)
    try {
      const entries = known ?? (await entriesOf(sources))
      if (known === undefined) {
        if (this.#entries.size >= keptEntries) this.#entries.clear()
        this.#entries.set(sources.text, entries)
      }
      return entries.some((entry) => mayTake(entry, image))
    } catch (error) {
      // Its runs fail, and tell why.
      if (error instanceof DistError && error.code === 'INVALID_ARGUMENT') return false
      throw error
    }
  }
}
