import { DistError, sanitize } from '@dist/errdefs'

/** The holder of a lock, as far as the lock's value says. */
export interface Rival {
  readonly since?: Date | undefined
  readonly owner?: string | undefined
  /** Milliseconds until the lock expires unless it is extended; 0 when unknown. */
  readonly leftMs: number
}

/** Reads the reply of `takeLock`: undefined when the lock is taken. */
export function parseRival(reply: unknown): Rival | undefined {
  if (!Array.isArray(reply)) return undefined
  const [value, left] = reply
  const [, seconds, owner] = /^[0-9a-f]{32} (\d{1,12}) (?:~[0-9a-f]+ )?(.*)$/s.exec(String(value)) ?? []
  return {
    since: seconds === undefined ? undefined : new Date(Number(seconds) * 1000),
    owner: owner === undefined || owner === '' ? undefined : sanitize(owner, 100),
    leftMs: Math.max(0, Number(left) || 0),
  }
}

/** `UNAVAILABLE` (`held`), with the time and the holder. */
export function lockHeldError(key: string, { since, owner }: Rival): DistError {
  const time = since === undefined ? '' : ` since ${since.toISOString()}`
  const holder = owner === undefined ? '' : ` by ${owner}`
  return new DistError('UNAVAILABLE', `${key} is locked${time}${holder}`, { held: true })
}
