import { randomBytes } from 'node:crypto'
import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { redisError } from './errors.js'
import { checkPrefix, defaultPrefix } from './prefix.js'
import { within } from './within.js'

export interface CheckOptions {
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** The longest wait for each answer. Default: 10,000. */
  timeoutMs?: number | undefined
}

export interface ServerInfo {
  /** The version of Redis, or the one that the server claims to be compatible with. */
  readonly version: string
}

/** KEYS: an unused key. Runs every command that locks, limits and statuses need, and removes the key. */
const probe = `
redis.call('TIME')
redis.call('SET', KEYS[1], 'x', 'PX', 10000)
redis.call('GET', KEYS[1])
redis.call('GETRANGE', KEYS[1], 0, 1)
redis.call('PTTL', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('HSETNX', KEYS[1], 'x', 'y')
redis.call('HSET', KEYS[1], 'x', 'y')
redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[1], 1, 'x')
redis.call('PEXPIRE', KEYS[1], 10000)
redis.call('ZCARD', KEYS[1])
redis.call('ZRANGE', KEYS[1], 0, 1)
redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', 0)
redis.call('ZSCORE', KEYS[1], 'x')
redis.call('ZREM', KEYS[1], 'y')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', 0)
return redis.call('DEL', KEYS[1])`

/**
 * Checks that a Redis can carry locks, limits, statuses and queues. Services call it at start.
 *
 * `NOT_IMPLEMENTED`: older than 6.2, or its maxmemory-policy is not `noeviction`, so that it would evict jobs when its
 * memory is full. `PERMISSION_DENIED`: its user lacks a right. `UNAVAILABLE`: no answer, or it is a replica that takes
 * no writes. The messages give advice.
 */
export async function checkServer(redis: Redis, options: CheckOptions = {}): Promise<ServerInfo> {
  const { prefix = defaultPrefix, timeoutMs = 10_000 } = options
  const ask = <T>(doing: string, answer: Promise<T>) =>
    within(answer, timeoutMs).catch((error: unknown) => {
      throw redisError(redis, doing, error)
    })
  const info = parseInfo(await ask('reading INFO', redis.info()))
  const version = info.get('redis_version') ?? ''
  checkVersion(redis, version)
  checkPolicy(redis, info.get('maxmemory_policy'))
  const key = `${checkPrefix(prefix)}:probe:${randomBytes(8).toString('hex')}`
  await ask(`writing below ${prefix}:`, redis.eval(probe, 1, key))
  return { version }
}

function checkVersion(redis: Redis, version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 6 || (major === 6 && minor >= 2)) return
  const actual = /^[\d.]{1,20}$/.test(version) ? version : 'unknown'
  throw unsuitable(redis, `its version is ${actual}: use Redis 6.2 or newer, or Valkey`)
}

function checkPolicy(redis: Redis, policy: string | undefined): void {
  if (policy === 'noeviction') return
  const actual = policy !== undefined && /^[a-z-]{1,40}$/.test(policy) ? policy : 'unknown'
  throw unsuitable(redis, `its maxmemory-policy is ${actual}, which loses jobs: set it to noeviction`)
}

function unsuitable(redis: Redis, why: string): DistError {
  const { host, port } = redis.options
  return new DistError('NOT_IMPLEMENTED', `redis at ${host}:${port}: ${why}`)
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).map((line) => /^(\w+):(.*)$/.exec(line))
  return new Map(lines.map((match) => [match?.[1] ?? '', match?.[2] ?? '']))
}
