import { checkPrefix, defaultPrefix } from '@dist/redis'

export { defaultPrefix }

/** The grammar of run ids. Such an id is safe in a Redis key and in a job id. */
export const runGrammar = /^[a-z0-9]{12,24}$/

/** The grammar of the ids of schedules: without a colon, which BullMQ would not take. */
export const scheduleGrammar = /^[\w-]{22}$/

/** The keys of the engine itself, beside those of BullMQ's queues under the same prefix. */
export class Keys {
  /** The id of the services' store. */
  readonly store: string
  /** All runs by their time of submission: a sorted set. */
  readonly runs: string
  /** When images were created, by their digests: a hash. */
  readonly dates: string
  /** The runs that coordinators look after: a set. */
  readonly watched: string
  /** The schedules: a hash of JSON by id. */
  readonly schedules: string
  /** Another value than before: Redis has lost all schedules meanwhile. */
  readonly scheduleEpoch: string
  /** The schedules that Redis has lost: JSON, until schedules are applied again. */
  readonly lostSchedules: string

  /** `INVALID_ARGUMENT` for a prefix without a hash tag. */
  constructor(readonly prefix: string = defaultPrefix) {
    checkPrefix(prefix)
    this.store = `${prefix}:store`
    this.runs = `${prefix}:run-list`
    this.watched = `${prefix}:run-watched`
    this.dates = `${prefix}:dates`
    this.schedules = `${prefix}:schedule-list`
    this.scheduleEpoch = `${prefix}:schedule-epoch`
    this.lostSchedules = `${prefix}:schedule-lost`
  }

  /** A mark that a worker has lately stored a blob, for whatever run. */
  stored(blob: string): string {
    return `${this.prefix}:stored:${blob}`
  }

  /** What a schedule has started: a hash. */
  schedule(id: string): string {
    return `${this.prefix}:schedule:${id}`
  }

  /** The runs that a schedule has started, the newest first: a list. */
  scheduleRuns(id: string): string {
    return `${this.schedule(id)}:runs`
  }

  /** The head of a run: a hash of its request, its state and its counters. */
  run(run: string): string {
    return `${this.prefix}:run:${run}`
  }

  /** Its references: a hash of JSON lists by chunk. */
  references(run: string): string {
    return `${this.run(run)}:references`
  }

  /** The mirror file of a run of sources: JSON. */
  sources(run: string): string {
    return `${this.run(run)}:sources`
  }

  /** What a coordinator has listed for a run of sources: a hash of JSON lists by mirror and source. */
  listed(run: string): string {
    return `${this.run(run)}:listed`
  }

  /** Its images: a hash of records by index. An image without a record is waiting. */
  images(run: string): string {
    return `${this.run(run)}:images`
  }

  /** The indexes of the images that have a job: a set. */
  open(run: string): string {
    return `${this.run(run)}:open`
  }

  /** The outcomes of the blobs that it has verified: a hash by blob key. */
  verified(run: string): string {
    return `${this.run(run)}:verdicts`
  }

  /** The repositories of its destination that got a blob: a hash by blob key. */
  mounts(run: string): string {
    return `${this.run(run)}:places`
  }

  /** The number of image jobs that each host got: a hash by host. */
  turns(run: string): string {
    return `${this.run(run)}:turns`
  }

  /** The blobs of all its images, each digest once: a hash of counts by blob key. */
  digests(run: string): string {
    return `${this.run(run)}:digests`
  }

  /** The hosts that have answered: a set. */
  answered(run: string): string {
    return `${this.run(run)}:answered`
  }

  /** The announcement of its end: a stream with one entry, for a while. */
  ending(run: string): string {
    return `${this.run(run)}:ending`
  }

  /** What it does after its images have ended: JSON. */
  closing(run: string): string {
    return `${this.run(run)}:closing`
  }

  /** What it has pruned: a list of JSON lists. */
  pruned(run: string): string {
    return `${this.run(run)}:pruned`
  }

  /** The blobs of an image: a hash of states by blob key. */
  blobs(run: string, index: number): string {
    return `${this.run(run)}:blobs:${index}`
  }
}
