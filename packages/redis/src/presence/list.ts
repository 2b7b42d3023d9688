import type { Redis } from 'ioredis'
import { redisError } from '../errors.js'
import { within } from '../within.js'
import { parseEntry, type ServiceEntry } from './entry.js'
import { listServices } from './scripts.js'
import { entryKey, type PresenceTerms, termsOf } from './terms.js'

const maxServices = 10_000
const defaultTimeoutMs = 5_000

/** All services that are alive or were so within the last hour, the living first. */
export type ServiceLister = () => Promise<ServiceEntry[]>

/** Lists announced services. Each call throws `UNAVAILABLE` without an answer within `timeoutMs` (default 5,000). */
export function serviceLister(
  redis: Redis,
  { timeoutMs = defaultTimeoutMs, ...options }: PresenceTerms & { timeoutMs?: number | undefined } = {},
): ServiceLister {
  const terms = termsOf(options)
  const read = async () => {
    const { now, seen } = await listServices(redis, { services: terms.services }, { limit: maxServices })
    const entries = await Promise.all([...seen.keys()].map((id) => redis.hgetall(entryKey(terms, id))))
    const times = { now, expiry: terms.expiry, usual: terms.every * 3 }
    return [...seen].flatMap(([id, at], i) => parseEntry(id, entries[i] ?? {}, { ...times, seen: at }) ?? [])
  }
  return async () => {
    try {
      const found = await within(read(), timeoutMs)
      return found.sort((a, b) => Number(b.alive) - Number(a.alive) || a.name.localeCompare(b.name))
    } catch (error) {
      throw redisError(redis, 'listing services', error)
    }
  }
}
