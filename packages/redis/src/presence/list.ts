import type { Redis } from 'ioredis'
import { within } from '../answer.js'
import { redisError } from '../errors.js'
import { defineScript } from '../script.js'
import { parseEntry, type ServiceEntry } from './entry.js'
import { listScript } from './scripts.js'
import { entryKey, type PresenceTerms, termsOf } from './terms.js'

/** More than anybody runs. */
const most = 10_000
const defaultPatience = 5_000

/** All services that live or did so within the last hour, those that live first. */
export type ServiceLister = () => Promise<ServiceEntry[]>

/**
 * Reads who has announced itself. Each call throws `UNAVAILABLE` when Redis gives no answer within `patience`
 * milliseconds (default 5,000).
 */
export function serviceLister(
  redis: Redis,
  { patience = defaultPatience, ...options }: PresenceTerms & { patience?: number | undefined } = {},
): ServiceLister {
  const terms = termsOf(options)
  const list = defineScript(redis, 'distServiceList', listScript)
  const read = async () => {
    const [now, flat] = (await list([terms.services], [most])) as [number, string[]]
    const seen = new Map<string, number>()
    for (let i = 0; i < flat.length; i += 2) seen.set(flat[i] ?? '', Number(flat[i + 1]))
    const entries = await Promise.all([...seen.keys()].map((id) => redis.hgetall(entryKey(terms, id))))
    const times = { now, expiry: terms.expiry, usual: terms.every * 3 }
    return [...seen].flatMap(([id, at], i) => parseEntry(id, entries[i] ?? {}, { ...times, seen: at }) ?? [])
  }
  return async () => {
    try {
      const found = await within(read(), patience)
      return found.sort((a, b) => Number(b.alive) - Number(a.alive) || a.name.localeCompare(b.name))
    } catch (error) {
      throw redisError(redis, 'listing services', error)
    }
  }
}
