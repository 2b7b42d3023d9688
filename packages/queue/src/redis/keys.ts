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
  /** The tokens of the API: a hash of JSON by id. */
  readonly tokens: string
  /** Another value than before: Redis has lost all tokens meanwhile. */
  readonly tokenEpoch: string
  /** The schedules that a push is to start: a hash of marks by name. */
  readonly pushed: string
  /** The run of the last collection of garbage. */
  readonly collecting: string
  /** What the store takes, when it was measured last: JSON. */
  readonly usage: string
  readonly measureAsked: string
  /** What each of its images takes: a hash of JSON by name. */
  readonly imageUsage: string
  /** The names of these images by the bytes that they need alone: a sorted set. */
  readonly ownUsage: string
  /** How far the measuring of the store is: JSON, for some seconds. */
  readonly measuring: string
  /** The schedules: a hash of JSON by id. */
  readonly schedules: string
  /** The last results of mirrors: a hash of JSON by name. */
  readonly results: string
  /** When each mirror, or schedule, has last succeeded: a hash of times by name. */
  readonly succeeded: string
  /** When each of them has last ended: a sorted set of names. */
  readonly resultTimes: string
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
    this.tokens = `${prefix}:token-list`
    this.tokenEpoch = `${prefix}:token-epoch`
    this.pushed = `${prefix}:schedule-pushed`
    this.collecting = `${prefix}:collecting`
    this.usage = `${prefix}:usage`
    this.imageUsage = `${prefix}:usage-images`
    this.ownUsage = `${prefix}:usage-own`
    this.measureAsked = `${prefix}:usage-asked`
    this.measuring = `${prefix}:usage-measuring`
    this.schedules = `${prefix}:schedule-list`
    this.results = `${prefix}:result-list`
    this.succeeded = `${prefix}:result-succeeded`
    this.resultTimes = `${prefix}:result-times`
    this.scheduleEpoch = `${prefix}:schedule-epoch`
    this.lostSchedules = `${prefix}:schedule-lost`
  }

  /** The run of a submission that may be repeated: JSON, for a day. `key`: in the alphabet of run ids. */
  submission(key: string): string {
    return `${this.prefix}:submission:${key}`
  }

  /** A session of a user of the dashboard: JSON. `hash`: of its secret. */
  session(hash: string): string {
    return `${this.prefix}:session:${hash}`
  }

  /** A mark that a worker has lately stored a blob, for whatever run. */
  stored(blob: string): string {
    return `${this.prefix}:stored:${blob}`
  }

  /** A question to coordinators: JSON, while its answer is wanted. */
  question(id: string): string {
    return `${this.prefix}:question:${id}`
  }

  /** Its answer: JSON, for a minute; before that a mark that a coordinator has it. */
  answer(id: string): string {
    return `${this.prefix}:question:${id}:answer`
  }

  /** The jobs that wait for a host, by when they go on: a sorted set of `queue id`. */
  waits(host: string): string {
    return `${this.prefix}:host-waits:${host}`
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

  /** The failed images: a sorted set of `index:cause` by index. */
  failed(run: string): string {
    return `${this.run(run)}:failed`
  }

  /** What images have failed of: a hash of descriptions (`about:id`) and numbers of images (`images:id`). */
  causes(run: string): string {
    return `${this.run(run)}:causes`
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

  /** The tries of its images that have failed: a hash by index of lines of JSON. */
  tries(run: string): string {
    return `${this.run(run)}:tries`
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

  /** The content that it has deleted, if it collects garbage: a list of JSON lists, for a day. */
  deleted(run: string): string {
    return `${this.run(run)}:deleted`
  }

  /** The blobs of an image: a hash of states by blob key. */
  blobs(run: string, index: number): string {
    return `${this.run(run)}:blobs:${index}`
  }
}
