/** Times and bounds of the engine. All of them have defaults; tests make them short. Durations are milliseconds. */
export interface Tuning {
  /** For so long a job belongs to its worker without being renewed. Default: 30,000. */
  lockDuration: number
  /** How often jobs are looked for that nobody has a lock on. Default: 4,000. */
  stalledInterval: number
  /** How often jobs are looked for whose service is gone. Default: 1,000. */
  reclaim: number
  /**
   * A job whose worker died more often than this fails. Of services that do not show that they live those count, too,
   * that were only busy. Default: 5.
   */
  maxStalled: number
  /** How often an image or a blob is tried when a retry may help. Default: 6. */
  attempts: number
  /** The first pause between two attempts; it doubles. Default: 1,000. */
  firstBackoff: number
  /** Default: 60,000. */
  longestBackoff: number
  /** The longest pause that a Retry-After is granted. Default: 900,000. */
  longestRetryAfter: number
  /** The first pause before a blob that somebody else fetches is looked at again; it grows. Default: 200. */
  firstHeld: number
  /** Default: 2,000. */
  longestHeld: number
  /** The first pause of a job whose host has no slot for it; it grows. Default: 300. */
  firstPutOff: number
  /** Default: 15,000. */
  longestPutOff: number
  /** How often a run is looked at. Default: 1,000. */
  watch: number
  /** How often the jobs of a run's images are compared with what Redis has. Default: 15,000. */
  reconcile: number
  /** An image that has waited so long for its blobs is asked whether they still exist. Default: 30,000. */
  lostAfter: number
  /** How often a coordinator looks after all runs. Default: 5,000. */
  sweep: number
  /** How often a process asks whether its runs were canceled. Default: 500. */
  cancelPoll: number
  /** At most so often a transfer tells how far it is. Default: 1,000. */
  progress: number
  /** Images of a run that have a job at the same time. Default: 2,000. */
  maxOpen: number
  /** The share of Redis' `maxmemory` from which on nothing is added. Default: 0.9. */
  full: number
  /** The pause of whoever finds Redis full. Default: 5,000. */
  fullPause: number
  /** How long a client waits for an answer of Redis. Default: 10,000. */
  patience: number
  /** Runs that are kept once they have ended, newest first. Default: 1,000. */
  keepRuns: number
  /** And no longer than this. Default: 30 days. */
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
  sweep: 5_000,
  cancelPoll: 500,
  progress: 1_000,
  maxOpen: 2_000,
  full: 0.9,
  fullPause: 5_000,
  patience: 10_000,
  keepRuns: 1_000,
  keepFor: 30 * 24 * 3_600_000,
}

export function tuned(tuning: Partial<Tuning> = {}): Tuning {
  return { ...defaults, ...tuning }
}
