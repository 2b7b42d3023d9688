export { AdaptiveRate, type RateState } from './adapt/rate.js'
export type { Traffic } from './adapt/traffic.js'
export {
  type AddressKind,
  isIn,
  isOutward,
  kindOfAddress,
  literalAddress,
  parseNet,
} from './addresses.js'
export { type CosignTag, cosignKindsOf } from './cosign.js'
export type { SharedTrouble } from './health.js'
export { type Hint, likelyTypes, type ObjectType, parseHint } from './hints.js'
export {
  type AnswerReport,
  type HostAnswers,
  type HostReport,
  hostReports,
  type QuotaReport,
  type ResumedHost,
} from './host-report.js'
export * from './limiter.js'
export * from './lists.js'
export { createHostLimiter, kindOf, type LocalHostLimiter } from './local-limiter.js'
export * from './policy.js'
export * from './pusher.js'
export type { Pulls } from './quota/pulls.js'
export * from './quota/quota.js'
export * from './referrers.js'
export * from './remotes.js'
export type { Repository } from './repository.js'
