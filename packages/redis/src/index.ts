export { type CheckOptions, checkServer, type ServerInfo } from './check.js'
export { type ConnectOptions, connectRedis } from './connect/connect.js'
export type { RedisAddress } from './connect/url.js'
export { knownRedisError } from './errors.js'
export type { RedisHostLimiter, RedisHostLimiterOptions } from './limit/contract.js'
export { createRedisHostLimiter } from './limit/limiter.js'
export { createRedisLocker, type RedisLockerOptions } from './lock/locker.js'
export { checkPrefix, defaultPrefix } from './prefix.js'
export type { ServiceAbout, ServiceEntry } from './presence/entry.js'
export { beat, type HeartSettings } from './presence/heart.js'
export { type ServiceLister, serviceLister } from './presence/list.js'
export { announceService, type Presence, type PresenceOptions } from './presence/presence.js'
export type { PresenceTerms } from './presence/terms.js'
export { defineScript, type Script } from './script.js'
export type { WorkerStatus } from './status/entry.js'
export { createRedisStatuses, type RedisStatuses, type RedisStatusesOptions } from './status/statuses.js'
export {
  readThroughput,
  recordThroughput,
  type Throughput,
  type ThroughputRecorder,
} from './throughput/throughput.js'
export { within } from './within.js'
