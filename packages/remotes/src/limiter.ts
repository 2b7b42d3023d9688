/** A permission to have one request under way at a host. `release` it when the body has been read. */
export interface Permit {
  release(): void
}

/**
 * Keeps a host from being asked too much: a bound on requests in flight, and a pause for everybody when it
 * answers 429 or 503. Shared by all who talk to the host.
 */
export interface HostLimiter {
  /** Waits for a place, and for a pause to end. `CANCELED` through the signal. */
  acquire(host: string, options?: { signal?: AbortSignal }): Promise<Permit>
  /** Nobody asks this host again before `milliseconds` have passed. */
  pause(host: string, milliseconds: number): Promise<void>
}
