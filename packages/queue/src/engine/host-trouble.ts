import { DistError, isRetryable, reword } from '@dist/errdefs'
import {
  type HostPolicies,
  type HostState,
  type HostStates,
  isGivenUp,
  isQuotaError,
  policyOf,
} from '@dist/remotes'

/** Whether the error means that a host does not answer or asks for a pause, as opposed to an answer about the job. */
export function isAboutHost(error: unknown): error is DistError & { host: string } {
  return error instanceof DistError && error.host !== undefined && isRetryable(error) && !isQuotaError(error)
}

/** A trouble that began within this time began with the error at hand. */
const newTroubleMs = 1_000

/**
 * Whether the host has just asked this request for a pause, and takes other requests. That uses an attempt: a job that
 * is refused alone would never end otherwise.
 */
function isNewRefusal(error: DistError, { since }: HostState): boolean {
  const refused = error.code === 'RESOURCE_EXHAUSTED' && !error.paused
  return refused && since !== undefined && Date.now() - since < newTroubleMs
}

/** A job that waits for a host in trouble. */
export interface WaitingJob {
  /** The registry of its reference. The host in trouble may be another one that the registry leads to. */
  readonly registry: string
  /** When it was added, in milliseconds since 1970. */
  readonly since: number
  /** It was delayed before. */
  readonly hasWaited: boolean
  /** Whether the registry has answered in the run. */
  answered(): Promise<boolean>
}

/** Decides whether a job whose host is in trouble is delayed or fails. */
export class HostTrouble {
  /** By registry, the last error that names a host in trouble. */
  readonly #lastErrors = new Map<string, DistError & { host: string }>()
  /** By registry, the last error of a pull that has to wait for a quota. */
  readonly #quotaErrors = new Map<string, DistError & { host: string }>()

  constructor(
    private readonly hosts: HostStates | undefined,
    private readonly policy: HostPolicies | undefined,
  ) {}

  /**
   * Throws as `pauseFor` does when the host is given up already, so that a job that has waited for it does not ask it
   * again. A new job asks: the host may be back.
   */
  async check(job: WaitingJob): Promise<void> {
    await this.#checkQuota(job)
    const error = this.#lastErrors.get(job.registry)
    if (error === undefined) return
    const policy = policyOf(this.policy, error.host)
    if (Date.now() - job.since < policy.firstPatience) return
    const state = await this.hosts?.state(error.host)
    if (state?.pausedUntil === undefined) this.#lastErrors.delete(job.registry)
    else if (isGivenUp({ ...state, answered: await job.answered() }, policy)) throw giveUpError(error)
  }

  /**
   * Throws the error of a pull that has to wait, for a job that has waited before: it would ask its host for nothing. A new job
   * may need no pull.
   */
  async #checkQuota({ registry, hasWaited }: WaitingJob): Promise<void> {
    const error = this.#quotaErrors.get(registry)
    if (error === undefined || !hasWaited) return
    const turn = (await this.hosts?.pullTurn(error.host)) ?? 'open'
    if (turn === 'open') this.#quotaErrors.delete(registry)
    else if (turn !== 'try') throw reword(error, error.message, { retryAfter: turn })
  }

  /**
   * Milliseconds until the host of the error may be asked again: the job is delayed so long, and uses no attempt.
   * Undefined for an error that is about the job alone. Throws `UNAVAILABLE`, not retryable, when the host has been in
   * trouble for longer than the policy allows.
   */
  async pauseFor(error: unknown, job?: WaitingJob): Promise<number | undefined> {
    if (isQuotaError(error)) {
      if (job !== undefined) this.#quotaErrors.set(job.registry, error)
      return error.retryAfter ?? 0
    }
    if (!isAboutHost(error)) return undefined
    const state = await this.hosts?.state(error.host)
    if (state?.pausedUntil === undefined) return error.paused ? (error.retryAfter ?? 0) : undefined
    if (isNewRefusal(error, state)) return undefined
    if (job !== undefined) this.#lastErrors.set(job.registry, error)
    const answered = job === undefined ? state.answered : await job.answered()
    if (isGivenUp({ ...state, answered }, policyOf(this.policy, error.host))) throw giveUpError(error)
    return Math.max(0, state.pausedUntil - Date.now(), error.paused ? (error.retryAfter ?? 0) : 0)
  }
}

/** The error without the time of the next request: this job makes none. */
function giveUpError(error: DistError): DistError {
  const { message, because = '' } = error
  const end = message.indexOf(because) + because.length
  return reword(error, message.slice(0, end > 0 ? end : undefined), { retryable: false, paused: false })
}
