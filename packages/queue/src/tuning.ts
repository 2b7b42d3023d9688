/** Times and bounds of the engine. Durations are in milliseconds. Tests shorten them. */
export interface Tuning {
  /** How long a worker has a job without renewing its lock. Default: 30,000. */
  lockDuration: number
  /** Interval of BullMQ's check for jobs without a lock. Default: 4,000. */
  stalledInterval: number
  /** Interval of the check for jobs of services that are gone. Default: 1,000. */
  reclaim: number
  /**
   * A job whose worker died more often fails. Without `ServicePresence`, a worker that was too busy to renew its lock
   * counts as dead. Default: 5.
   */
  maxStalled: number
  /** Attempts at an image or a blob while a retry may help. Default: 6. */
  attempts: number
  /** The first pause between two attempts; it doubles. Default: 1,000. */
  firstBackoff: number
  /** Default: 60,000. */
  longestBackoff: number
  /** The longest Retry-After that is followed. Default: 900,000. */
  longestRetryAfter: number
  /** The first delay of a blob that another worker fetches; it grows. Default: 200. */
  firstHeld: number
  /** Default: 2,000. */
  longestHeld: number
  /** The first delay of a job whose host has no slot for it; it grows. Default: 300. */
  firstPutOff: number
  /** Default: 15,000. */
  longestPutOff: number
  /** Interval of a run's reconcile loop. Default: 1,000. */
  watch: number
  /** Interval at which the open images of a run are compared with the jobs in Redis. Default: 15,000. */
  reconcile: number
  /** How long an image waits for its blobs before it is checked that their jobs still exist. Default: 30,000. */
  lostAfter: number
  /**
   * How long the record that a blob is stored counts like an answer of the store, which a store may remember as long.
   * Default: 10,000.
   */
  trusted: number
  /** Interval of a coordinator's sweep over all runs. Default: 5,000. */
  sweep: number
  /** Interval at which a process checks whether its runs were canceled. Default: 500. */
  cancelPoll: number
  /** The shortest time between two reports of a transfer. Default: 1,000. */
  progress: number
  /** The most images of a run with a job at the same time. Default: 2,000. */
  maxOpen: number
  /** The share of Redis' `maxmemory` from which on nothing is added. Default: 0.9. */
  full: number
  /** The delay of a job that finds Redis full. Default: 5,000. */
  fullPause: number
  /** The delay of a job of a newer version. Default: 10,000. */
  newer: number
  /** How long a client waits for an answer of Redis. Default: 10,000. */
  timeoutMs: number
  /** Ended runs that are kept, newest first. Default: 1,000. */
  keepRuns: number
  /** Ended runs of one schedule that are kept: a frequent one must not push out the runs of others. Default: 50. */
  keepScheduled: number
  /** How long ended runs are kept. Default: 30 days. */
  keepFor: number
}

const defaults: Tuning = {
  lockDuration: 30_000,
  stalledInterval: 4_000,
  reclaim: 1_000,
  maxStalled: 5,
  attempts: 6,
  firstBackoff: 1_000,
  longestBackoff: 60_000,
  longestRetryAfter: 900_000,
  firstHeld: 200,
  longestHeld: 2_000,
  firstPutOff: 300,
  longestPutOff: 15_000,
  watch: 1_000,
  reconcile: 15_000,
  lostAfter: 30_000,
  trusted: 10_000,
  sweep: 5_000,
  cancelPoll: 500,
  progress: 1_000,
  maxOpen: 2_000,
  full: 0.9,
  fullPause: 5_000,
  newer: 10_000,
  timeoutMs: 10_000,
  keepRuns: 1_000,
  keepScheduled: 50,
  keepFor: 30 * 24 * 3_600_000,
}

/** The tuning with its defaults. */
export function withDefaults(tuning: Partial<Tuning> = {}): Tuning {
  return { ...defaults, ...tuning }
}
