import { randomUUID } from 'node:crypto'
import { DistError, sleep, throwIfAborted } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import {
  announcements,
  type CollectionNote,
  defaultPoll,
  defaultTtl,
  findMembers,
  type LeaseSettings,
  type Members,
  Moment,
  newMember,
  parseNote,
} from './members.js'
import type { Notes } from './notes.js'
import { OwnNote } from './own-note.js'
import { Renewals } from './renewals.js'

export interface GuardOptions {
  signal?: AbortSignal | undefined
}

/**
 * Tells collections of garbage that this process writes to the store. It is taken with the first write and renewed until `end`.
 * Each renewal shows the collections that are at work.
 */
export class Lease {
  readonly #note: OwnNote
  readonly #settings: LeaseSettings
  /** Steps between a check of content and the publication of a name. */
  readonly #running = new Set<Promise<unknown>>()
  #taken: Promise<void> | undefined
  /** Until one succeeds, `check` tells. */
  readonly #renewals: Renewals
  /** When the last renewal that succeeded began. */
  #renewed: Moment | undefined
  #began: number | undefined
  /** The ids of collections at work, as the last renewal has shown them. */
  #collections: ReadonlySet<string> = new Set()
  /** Those that all running steps know of. */
  #known: ReadonlySet<string> = new Set()
  #isEnded = false

  constructor(
    private readonly notes: Notes,
    settings: LeaseSettings = {},
  ) {
    this.#settings = settings
    this.#note = new OwnNote(notes, newMember('lease', settings.owner).key)
    this.#renewals = new Renewals(() => this.#renew(), settings)
  }

  /** Takes the lease. Content that is written from now on counts as new. Does nothing if it is held, or has ended. */
  async hold(): Promise<void> {
    if (this.#isEnded) return
    this.#taken ??= this.#take()
    await this.#taken
  }

  /**
   * Runs a step that checks content and then publishes names that need it, so that no collection deletes it in between.
   * `needs` is called while a collection is at work, for all that the names need. The step gets whether this is so: then only
   * answers of the store from now on show that content is there.
   */
  async guard<T>(
    needs: () => Promise<Iterable<Digest>>,
    step: (isCollecting: boolean) => Promise<T>,
    { signal }: GuardOptions = {},
  ): Promise<T> {
    await this.hold()
    if (this.#age > this.#ttl / 2) await this.#renew()
    const collections = [...this.#collections]
    const running =
      collections.length === 0
        ? step(false)
        : this.#announce(collections, needs, signal).then(() => step(true))
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Called before a name is written. Throws `UNAVAILABLE` if collections may take this process for one that has ended. */
  check(): void {
    if (!this.#isEnded && this.#age > (this.#ttl * 3) / 4)
      throw new DistError(
        'UNAVAILABLE',
        `${this.notes.url}: this process could not renew its lease for ${Math.round(this.#age / 1000)} s; try again`,
      )
  }

  /** Gives the lease up. */
  async end(): Promise<void> {
    this.#isEnded = true
    this.#renewals.end()
    if (this.#taken === undefined) return
    await this.#taken.catch(() => {})
    // If this fails, the lease expires.
    await this.#note.remove().catch(() => {})
  }

  get #ttl(): number {
    return this.#settings.ttl ?? defaultTtl
  }

  get #age(): number {
    return this.#renewed?.age ?? Number.POSITIVE_INFINITY
  }

  async #take(): Promise<void> {
    try {
      await this.#renew()
    } catch (error) {
      this.#taken = undefined
      throw error
    }
    this.#renewals.begin()
  }

  /** Writes the note and then looks at those of others: of two processes that do so, one sees the other. */
  async #renew(): Promise<void> {
    const moment = new Moment()
    await this.#write()
    const members = await this.#look(moment.age)
    this.#renewed = moment
    this.#began ??= members.now?.getTime()
    const collections = members.live.filter(({ kind }) => kind === 'collection').map(({ id }) => id)
    const isNew = collections.some((id) => !this.#known.has(id))
    this.#collections = new Set(collections)
    if (isNew) this.#tell(this.#collections)
    else this.#known = this.#collections
  }

  /** Tells collections that this process knows of them, when the steps have ended that began before. */
  #tell(collections: ReadonlySet<string>): void {
    Promise.allSettled([...this.#running])
      .then(() => {
        this.#known = collections
        return this.#isEnded ? undefined : this.#write()
      })
      // The next renewal writes it.
      .catch(() => {})
  }

  #write(): Promise<void> {
    return this.#note.write(() => ({ began: this.#began, knows: [...this.#known] }))
  }

  /** The members of the store. `age`: milliseconds since the last write of the own note. */
  #look(age: number): Promise<Members> {
    return findMembers(this.notes, { own: this.#note.key, age }, this.#settings)
  }

  /** Announces what is published, so that the collections keep it, and waits while one of them deletes. */
  async #announce(
    collections: readonly string[],
    needs: () => Promise<Iterable<Digest>>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const content = Buffer.from([...(await needs())].join('\n'))
    const name = randomUUID()
    await Promise.all(collections.map((id) => this.notes.put(`${announcements}/${id}/${name}`, content)))
    for (;;) {
      throwIfAborted(signal)
      const { live } = await this.#look(this.#age)
      const atWork = live.filter(({ id, isGone }) => collections.includes(id) && !isGone)
      const read = await Promise.all(atWork.map(({ key }) => this.notes.get(key)))
      if (!read.some((content) => parseNote<CollectionNote>(content)?.deletes)) return
      await sleep(this.#settings.poll ?? defaultPoll, signal)
    }
  }
}
