import { DistError } from '@dist/errdefs'

export const defaultPrefix = '{dist}'

/** A run's id, as `submit` mints it: time, then chance. What has passed is safe in a key and in a job's id. */
export const runGrammar = /^[a-z0-9]{12,24}$/

/** The engine's own keys, beside those of BullMQ's queues under the same prefix. */
export class Keys {
  /** The id of the store that the services have. */
  readonly store: string
  /** All runs by the time at which they were submitted: a sorted set. */
  readonly runs: string
  /** The runs that some coordinator has to look after: a set. */
  readonly watched: string

  constructor(readonly prefix: string = defaultPrefix) {
    // A cluster keeps what has the same hash tag in one slot: scripts use several keys.
    if (!/^\{[^{}]+\}[\w.:-]*$/.test(prefix))
      throw new DistError('INVALID_ARGUMENT', 'a prefix of Redis keys begins with a hash tag, such as {dist}')
    this.store = `${prefix}:store`
    this.runs = `${prefix}:run-list`
    this.watched = `${prefix}:run-watched`
  }

  /** A run's head: a hash of what was asked for, how far it is, and its counters. */
  run(run: string): string {
    return `${this.prefix}:run:${run}`
  }

  /** Its references: a hash of JSON lists by chunk. */
  references(run: string): string {
    return `${this.run(run)}:references`
  }

  /** Its images: a hash of records by index. An image without one is waiting. */
  images(run: string): string {
    return `${this.run(run)}:images`
  }

  /** The indexes of the images that have a job: a set. */
  open(run: string): string {
    return `${this.run(run)}:open`
  }

  /** What its jobs have found of stored content: a hash of verdicts by the beginning of the digest. */
  verdicts(run: string): string {
    return `${this.run(run)}:verdicts`
  }

  /** Which repository of its destination got a blob: a hash by the beginning of the digest. */
  places(run: string): string {
    return `${this.run(run)}:places`
  }

  /** How many image jobs each host got: a hash by host. */
  turns(run: string): string {
    return `${this.run(run)}:turns`
  }

  /** The blobs of all its images, each digest once: a hash of counts by the beginning of the digest. */
  digests(run: string): string {
    return `${this.run(run)}:digests`
  }

  /** The hosts that have answered: a set. */
  answered(run: string): string {
    return `${this.run(run)}:answered`
  }

  /** The blobs of an image: a hash of states by the beginning of the digest. */
  blobs(run: string, index: number): string {
    return `${this.run(run)}:blobs:${index}`
  }
}
