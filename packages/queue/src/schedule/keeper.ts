import { DistError, jitter } from '@dist/errdefs'
import type { ScheduledFile } from '@dist/runs'
import { type ClientParts, clientParts } from '../client/client.js'
import type { Engine } from '../engine/engine.js'
import type { CoordinatorParts } from '../service.js'
import { applySchedules } from './apply.js'
import { type AnyScheduledFile, readDefinition } from './definition.js'
import { trimHistories } from './history.js'
import { ensureSchedulers } from './scheduler.js'

/** The name of the schedule of garbage collections. */
const collectionsName = 'gc'

/** The schedules of the settings. */
function settingsFile({ collections }: Pick<CoordinatorParts, 'collections'>): AnyScheduledFile {
  const file = 'settings of the coordinators'
  if (collections === undefined) return { file, requests: [] }
  const { timing, grace } = collections
  return { file, requests: [{ name: collectionsName, timing, collection: { grace } }] }
}

/**
 * Looks after all schedules at an interval: applies those of the settings at the start, and the mirror file of the operator then
 * and when it has changed, gives each schedule its job, and notices when Redis has lost schedules.
 */
export class ScheduleKeeper {
  readonly #parts: ClientParts
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  readonly #settings: AnyScheduledFile
  /** The mirror file of the operator, once it has been read. */
  #file: ScheduledFile | undefined
  #isApplied = false
  #hasBegun = false
  /** The names of schedules by their ids, and the epoch, when they were last looked at. */
  #names = new Map<string, string>()
  #epoch: string | null = null
  /** The names that Redis has lost since then. */
  #lost: readonly string[] = []

  constructor(
    private readonly engine: Engine,
    private readonly sources: Pick<CoordinatorParts, 'readSchedules' | 'collections'>,
  ) {
    this.#parts = clientParts(engine)
    this.#settings = settingsFile(sources)
  }

  begin(): void {
    this.#after(0)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #after(milliseconds: number): void {
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#keep(), milliseconds)
  }

  async #keep(): Promise<void> {
    try {
      await this.#readFile()
      const lost = this.#lost
      await this.#noticeLoss()
      await this.#applyFiles()
      const ids = await this.#learnNames()
      // A look later: another coordinator may have had them from its mirror file.
      await this.#reportLost(lost)
      await ensureSchedulers(this.#parts, ids, (error) => this.engine.emit({ type: 'error', error }))
      if (ids.length > 0) await trimHistories(this.engine, ids)
    } catch (error) {
      if (!this.#stopped) this.engine.emit({ type: 'error', error })
    }
    this.#after(jitter(this.engine.tuning.sweep / 2))
  }

  async #readFile(): Promise<void> {
    const changed = await this.sources.readSchedules?.()
    if (changed === undefined) return
    this.#file = changed
    this.#isApplied = false
  }

  async #noticeLoss(): Promise<void> {
    const { redis, keys } = this.engine
    const epoch = await redis.get(keys.scheduleEpoch)
    const isOther = this.#epoch !== null && epoch !== this.#epoch
    if (isOther || epoch === null)
      this.#isApplied &&= this.#file === undefined && this.#settings.requests.length === 0
    if (!isOther) return
    this.#lost = [...this.#names.values()]
    this.#epoch = null
  }

  async #applyFiles(): Promise<void> {
    if (this.#isApplied) return
    // Once: what the settings have no more is removed, also if another coordinator still has it.
    const settings = this.#hasBegun && this.#settings.requests.length === 0 ? [] : [this.#settings]
    const files = [...settings, ...(this.#file === undefined ? [] : [this.#file])]
    let isApplied = true
    for (const file of files)
      await this.#apply(file).catch((error: unknown) => {
        isApplied = false
        this.engine.emit({ type: 'error', error })
      })
    this.#hasBegun ||= isApplied
    this.#isApplied = isApplied
  }

  async #apply(file: AnyScheduledFile): Promise<void> {
    const { added, changed, removed } = await applySchedules(this.#parts, file)
    const names = [...added, ...changed, ...removed].join(', ')
    if (names !== '') this.engine.emit({ type: 'schedule', state: 'applied', schedule: names })
  }

  /** Learns the names of all schedules, and the epoch that they are of. Resolves to their ids. */
  async #learnNames(): Promise<string[]> {
    const { redis, keys } = this.engine
    const look = await redis.multi().get(keys.scheduleEpoch).hkeys(keys.schedules).exec()
    const [epoch, ids] = (look ?? []).map(([, value]) => value) as [string | null, string[]]
    // Lost right now: the next look notices it.
    if (this.#epoch !== null && epoch !== this.#epoch) return []
    const known = new Map(ids.flatMap((id) => pairOf(id, this.#names.get(id))))
    const unknown = ids.filter((id) => !known.has(id))
    const texts = unknown.length === 0 ? [] : await redis.hmget(keys.schedules, ...unknown)
    const learned = texts.flatMap((text, i) =>
      pairOf(unknown[i] ?? '', text && readDefinition(text, '').name),
    )
    this.#names = new Map([...known, ...learned])
    this.#epoch = epoch
    return ids
  }

  async #reportLost(lost: readonly string[]): Promise<void> {
    const { redis, keys, emit } = this.engine
    const present = new Set(this.#names.values())
    const missing = lost.filter((name) => !present.has(name)).sort()
    if (lost.length > 0) this.#lost = []
    if (missing.length === 0) return
    const at = Date.now()
    await redis.hset(keys.lostSchedules, Object.fromEntries(missing.map((name) => [name, at])))
    const schedule = missing.join(', ')
    const message = `Redis has lost schedules: apply their mirror file again with dist schedule apply, or give it to coordinators with --mirror-file`
    emit({ type: 'schedule', state: 'lost', schedule, error: new DistError('NOT_FOUND', message) })
  }
}

function pairOf(id: string, name: string | null | undefined): (readonly [string, string])[] {
  return name ? [[id, name]] : []
}
