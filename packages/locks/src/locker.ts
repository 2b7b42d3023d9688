/** A lock that is held. `await using` releases it. */
export interface Lock extends AsyncDisposable {
  readonly key: string
  /**
   * Aborts when the lock is lost: somebody else may hold the key now. The holder stops what it does; what it has
   * written so far harms nobody, because content is verified before it is committed.
   */
  readonly signal: AbortSignal
  /** Lets the key go. Releasing twice, or after the lock was lost, does nothing. */
  release(): Promise<void>
}

export interface AcquireOptions {
  /** Ends the wait with `CANCELED`. */
  signal?: AbortSignal | undefined
  /**
   * How long to wait for a held key, in milliseconds. Default: as long as it takes.
   * 0 asks once.
   */
  wait?: number | undefined
}

/** Gives one holder at a time a key. Locks save bandwidth; correctness never depends on them. */
export interface Locker {
  /** Throws `UNAVAILABLE` (`held`), naming since when the key is held where that is known, when the wait is over. */
  acquire(key: string, options?: AcquireOptions): Promise<Lock>
}
