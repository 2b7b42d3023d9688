/** A held lock. `await using` releases it. */
export interface Lock extends AsyncDisposable {
  readonly key: string
  /**
   * Aborts when the lock is lost: another holder may have the key now. The holder stops its work. What it has written
   * does no harm, because content is verified before it is committed. Undefined: it is never lost.
   */
  readonly signal: AbortSignal | undefined
  /** Frees the key. Has no effect the second time, or after the lock was lost. */
  release(): Promise<void>
}

/** A lock that can be lost. */
export interface LossyLock extends Lock {
  readonly signal: AbortSignal
}

export interface AcquireOptions {
  /** Ends the wait with `CANCELED`. */
  signal?: AbortSignal | undefined
  /** Milliseconds to wait for a held key. 0 tries once. Default: no limit. */
  wait?: number | undefined
}

/** Gives a key to one holder at a time. Locks save bandwidth; correctness never depends on them. */
export interface Locker<Held extends Lock = Lock> {
  /** Throws `UNAVAILABLE` (`held`) after the wait, with the time since when the key is held, if that is known. */
  acquire(key: string, options?: AcquireOptions): Promise<Held>
}
