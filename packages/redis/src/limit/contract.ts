import type { DistError } from '@dist/errdefs'
import type { HostAnswers, HostLimiter, HostPolicies } from '@dist/remotes'

export interface RedisHostLimiterOptions {
  /** Hold over all processes; all need the same. */
  policy?: HostPolicies | undefined
  /** All keys begin with it. Default: `{dist}`. */
  prefix?: string | undefined
  /** Milliseconds after which the permits of a killed process are free. Default: 30,000. */
  lease?: number | undefined
  /** The longest wait for Redis before the limiter goes on without it. Default: 2,000. */
  timeoutMs?: number | undefined
  /** Called once when Redis is away: limits hold within this process until `onBack`. */
  onAway?: ((error: DistError) => void) | undefined
  onBack?: (() => void) | undefined
}

/** A limiter whose limits others can see. */
export interface RedisHostLimiter extends HostLimiter {
  /** Lets others see the policies of this process, which all processes should have. Never rejects. */
  publishPolicies(): Promise<void>
  /** The policies that a process has published last. Never rejects. */
  publishedPolicies(): Promise<HostPolicies | undefined>
  /** Ends a pause: the next request of all processes tests whether the host is back. False: there was none. */
  resume(host: string): Promise<boolean>
  /**
   * Has a host be asked at once whether it allows more pulls, by a question that costs none. False: no pull waits for its quota.
   */
  askForPulls(host: string): Promise<boolean>
  /** How hosts have answered all processes in the last hour. Never rejects. */
  answers(): Promise<HostAnswers[]>
}
