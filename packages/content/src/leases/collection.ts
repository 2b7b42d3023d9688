import { DistError, sleep, throwIfAborted } from '@dist/errdefs'
import { type Digest, DigestTable, isDigest } from '@dist/oci'
import {
  announcements,
  defaultPoll,
  defaultTtl,
  findMembers,
  type LeaseNote,
  type LeaseSettings,
  type Member,
  type Members,
  Moment,
  newMember,
  parseNote,
} from './members.js'
import type { Notes } from './notes.js'
import { OwnNote } from './own-note.js'
import { Renewals } from './renewals.js'

/** Milliseconds that content is protected which a process has written that is still at work. */
const protectedMs = 6 * 3_600_000
/** Milliseconds that one step of deletions may take: publications wait for it. */
const stepMs = 5_000

/** Which content a collection may delete. */
export interface CollectionLimits {
  /** The time by the clock of the store. */
  readonly now: Date
  /** Content that was committed at this time or later may belong to an image that is on its way. */
  readonly before: Date
}

export interface AwaitOptions {
  signal?: AbortSignal | undefined
  /** Called with the number of processes that are waited for, when it changes. */
  onWait?: ((processes: number) => void) | undefined
}

/**
 * The right to delete content that no name needs, beside processes that publish. In this order: `awaitPublishers`, list the names,
 * `sweep` any number of times, `end`. Several collections may be at work in one store.
 */
export class Collection {
  readonly #id: string
  readonly #note: OwnNote
  readonly #announced = new DigestTable()
  readonly #read = new Set<string>()
  #deletes = false
  #hasDeleted = false
  #renewed = new Moment()
  /** Until one succeeds, `check` tells. */
  readonly #renewals: Renewals

  private constructor(
    private readonly notes: Notes,
    private readonly settings: LeaseSettings,
  ) {
    const { id, key } = newMember('collection', settings.owner)
    this.#id = id
    this.#note = new OwnNote(notes, key)
    this.#renewals = new Renewals(() => this.#renew(), settings)
  }

  /** Tells all processes that a collection begins. */
  static async begin(notes: Notes, settings: LeaseSettings = {}): Promise<Collection> {
    const collection = new Collection(notes, settings)
    await collection.#renew()
    await collection.#removeRemains()
    collection.#renewals.begin()
    return collection
  }

  /**
   * Waits until each process that publishes knows of the collection: what it publishes then without knowing is among the names.
   * Processes that have ended are not waited for. Resolves to what the collection may delete.
   */
  async awaitPublishers({ signal, onWait }: AwaitOptions = {}): Promise<CollectionLimits> {
    const knowing = new Set<string>()
    let oldest = Number.POSITIVE_INFINITY
    let waited = 0
    for (;;) {
      throwIfAborted(signal)
      this.#check()
      const { live, now } = await this.#look()
      const unknown = live.filter(({ kind, id }) => kind === 'lease' && !knowing.has(id))
      for (const member of unknown) {
        const note = await this.#noteOf(member)
        oldest = Math.min(oldest, note?.began ?? member.renewedAt.getTime())
        if (note === undefined || note.knows.includes(this.#id)) knowing.add(member.id)
      }
      const waiting = unknown.filter(({ id }) => !knowing.has(id)).length
      if (waiting === 0 && now !== undefined) return limitsOf(now, oldest)
      if (waiting !== waited) onWait?.(waiting)
      waited = waiting
      await sleep(this.settings.poll ?? defaultPoll, signal)
    }
  }

  /**
   * Runs a step that deletes content, and holds publications up meanwhile. It gets what has been announced for publication and
   * must not be deleted, and `mayGoOn`, which it has to ask before each deletion.
   */
  async sweep(
    step: (announced: Pick<DigestTable, 'has'>, mayGoOn: () => boolean) => Promise<void>,
  ): Promise<void> {
    this.#deletes = true
    try {
      await this.#renew()
      this.#hasDeleted = true
      await this.#readAnnouncements()
      const begun = new Moment()
      await step(this.#announced, () => {
        this.#check()
        return begun.age < stepMs
      })
    } finally {
      this.#deletes = false
      await this.#renew()
    }
  }

  /**
   * Ends the collection, after the time for which processes remember that deleted content was there. If the signal aborts, the
   * note stays for that time, and expires.
   */
  async end({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    try {
      const { memory = 0 } = this.settings
      if (memory > 0 && this.#hasDeleted) await sleep(memory, signal)
    } finally {
      this.#renewals.end()
      await this.#note.end()
    }
    await this.#removeAnnouncements(this.#id)
    await this.#note.remove()
  }

  async #noteOf({ key }: Member): Promise<LeaseNote | undefined> {
    const content = await this.notes.get(key)
    if (content === undefined) return undefined
    return { knows: [], ...parseNote<LeaseNote>(content) }
  }

  async #renew(): Promise<void> {
    let moment = this.#renewed
    await this.#note.write(() => {
      moment = new Moment()
      return { deletes: this.#deletes }
    })
    this.#renewed = moment
  }

  /** Throws if processes may take this collection for one that has ended: they do not wait for it any more. */
  #check(): void {
    const { age } = this.#renewed
    if (age > (this.settings.ttl ?? defaultTtl) / 2)
      throw new DistError(
        'UNAVAILABLE',
        `${this.notes.url}: garbage collection stopped: this process could not renew its note for ${Math.round(age / 1000)} s; start it again`,
      )
  }

  #look(): Promise<Members> {
    return findMembers(this.notes, { own: this.#note.key, age: this.#renewed.age }, this.settings)
  }

  async #readAnnouncements(): Promise<void> {
    for await (const { key } of this.notes.list(`${announcements}/${this.#id}`)) {
      if (this.#read.has(key)) continue
      const content = await this.notes.get(key)
      for (const line of Buffer.from(content ?? [])
        .toString()
        .split('\n'))
        if (isDigest(line)) this.#announced.add(line as Digest)
      this.#read.add(key)
    }
  }

  /** Removes what processes have left that were killed. */
  async #removeRemains(): Promise<void> {
    const { live, ended } = await this.#look()
    const atWork = new Set(live.map(({ id }) => id))
    for (const key of ended) await this.notes.delete(key)
    for (const id of await this.notes.folders(announcements))
      if (!atWork.has(id)) await this.#removeAnnouncements(id)
  }

  async #removeAnnouncements(id: string): Promise<void> {
    for await (const { key } of this.notes.list(`${announcements}/${id}`)) await this.notes.delete(key)
  }
}

function limitsOf(now: Date, oldest: number): CollectionLimits {
  const protectedFrom = Math.max(oldest, now.getTime() - protectedMs)
  return { now, before: new Date(Math.min(now.getTime() + 1, protectedFrom)) }
}
