import { DistError, sanitize } from '@dist/errdefs'

/** Who holds a lock that one wanted, as far as its value tells. */
export interface Rival {
  readonly since?: Date | undefined
  readonly owner?: string | undefined
  /** Milliseconds after which it expires unless it is renewed; 0 when that is not known. */
  readonly left: number
}

/** Reads the answer to the question for a lock: nothing when it is ours. */
export function parseRival(answer: unknown): Rival | undefined {
  if (!Array.isArray(answer)) return undefined
  const [value, left] = answer
  const [, seconds, owner] = /^[0-9a-f]{32} (\d{1,12}) (?:~[0-9a-f]+ )?(.*)$/s.exec(String(value)) ?? []
  return {
    ...(seconds === undefined ? {} : { since: new Date(Number(seconds) * 1000) }),
    ...(owner === undefined || owner === '' ? {} : { owner: sanitize(owner, 100) }),
    left: Math.max(0, Number(left) || 0),
  }
}

export function lockedBy(key: string, { since, owner }: Rival): DistError {
  const when = since === undefined ? '' : ` since ${since.toISOString()}`
  const who = owner === undefined ? '' : ` by ${owner}`
  return new DistError('UNAVAILABLE', `${key} is locked${when}${who}`, { held: true })
}
