import { DistError } from '@dist/errdefs'
import { checkPrefix, defaultPrefix } from '../prefix.js'

/** How the life of services is told. All that share a queue must say the same. Durations are milliseconds. */
export interface PresenceTerms {
  /** What all keys begin with. Default `{dist}`. */
  prefix?: string | undefined
  /** Who was not seen for so long is gone: what it holds is free. Default 12,000. */
  expiry?: number | undefined
  /** So long somebody must have been seen before anybody counts as gone. Default 5,000. */
  grace?: number | undefined
  /** How often a service shows itself. Default 2,000. */
  every?: number | undefined
}

/** Who is gone is remembered for those who ask: an hour. */
export const remembered = 3_600_000

export interface Terms {
  readonly prefix: string
  readonly expiry: number
  readonly grace: number
  readonly every: number
  readonly services: string
  readonly steady: string
}

export function termsOf(options: PresenceTerms = {}): Terms {
  const { expiry = 12_000, grace = 5_000, every = 2_000 } = options
  const prefix = checkPrefix(options.prefix ?? defaultPrefix)
  if (grace + every >= expiry)
    throw new DistError('INVALID_ARGUMENT', 'presence: expiry has to be longer than grace and every together')
  return { prefix, expiry, grace, every, services: `${prefix}:services`, steady: `${prefix}:services-steady` }
}

export function entryKey({ prefix }: Terms, id: string): string {
  return `${prefix}:service:${id}`
}
