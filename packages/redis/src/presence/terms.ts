import { DistError } from '@dist/errdefs'
import { checkPrefix, defaultPrefix } from '../prefix.js'

/** The times by which services count as alive or gone. All that share a queue need the same. In milliseconds. */
export interface PresenceTerms {
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** A service that was not seen this long is gone: what it held is free. Default: 12,000. */
  expiry?: number | undefined
  /** No service counts as gone before any service has been seen this long. Default: 5,000. */
  grace?: number | undefined
  /** The interval at which a service shows itself. Default: 2,000. */
  every?: number | undefined
}

/** A service that is gone stays in the list this long. */
export const keptMs = 3_600_000

export interface Terms {
  readonly prefix: string
  readonly expiry: number
  readonly grace: number
  readonly every: number
  /** The key of the sorted set of services. */
  readonly services: string
  /** The key that exists while services are seen. */
  readonly steady: string
}

/** The terms with their defaults. `INVALID_ARGUMENT` when they contradict each other. */
export function termsOf(options: PresenceTerms = {}): Terms {
  const { expiry = 12_000, grace = 5_000, every = 2_000 } = options
  const prefix = checkPrefix(options.prefix ?? defaultPrefix)
  if (grace + every >= expiry)
    throw new DistError('INVALID_ARGUMENT', 'presence: expiry must be longer than grace and every together')
  return { prefix, expiry, grace, every, services: `${prefix}:services`, steady: `${prefix}:services-steady` }
}

/** The key of the entry of one service. */
export function entryKey({ prefix }: Terms, id: string): string {
  return `${prefix}:service:${id}`
}
