import { DistError, isRetryable, reword } from '@dist/errdefs'
import { type HostPolicy, type HostState, type HostStates, hostPolicy, isGivenUp } from '@dist/remotes'

/** Whether the error means that a host does not answer or asks for a pause, as opposed to an answer about the job. */
export function isAboutHost(error: unknown): error is DistError & { host: string } {
  return error instanceof DistError && error.host !== undefined && isRetryable(error)
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
  /** Whether the registry has answered in the run. */
  answered(): Promise<boolean>
}

/** Decides whether a job whose host is in trouble is delayed or fails. */
export class HostTrouble {
  readonly #policy: HostPolicy
  /** By registry, the last error that names a host in trouble. */
  readonly #lastErrors = new Map<string, DistError & { host: string }>()

  constructor(
    private readonly hosts: HostStates | undefined,
    policy: Partial<HostPolicy> | undefined,
  ) {
    this.#policy = hostPolicy(policy)
  }

  /**
   * Throws as `pauseFor` does when the host is given up already, so that a job that has waited for it does not ask it
   * again. A new job asks: the host may be back.
   */
  async check(job: WaitingJob): Promise<void> {
    const error = this.#lastErrors.get(job.registry)
    if (error === undefined || Date.now() - job.since < this.#policy.firstPatience) return
    const state = await this.hosts?.state(error.host)
    if (state?.pausedUntil === undefined) this.#lastErrors.delete(job.registry)
    else if (isGivenUp({ ...state, answered: await job.answered() }, this.#policy)) throw giveUpError(error)
  }

  /**
   * Milliseconds until the host of the error may be asked again: the job is delayed so long, and uses no attempt.
   * Undefined for an error that is about the job alone. Throws `UNAVAILABLE`, not retryable, when the host has been in
   * trouble for longer than the policy allows.
   */
  async pauseFor(error: unknown, job?: WaitingJob): Promise<number | undefined> {
    if (!isAboutHost(error)) return undefined
    const state = await this.hosts?.state(error.host)
    if (state?.pausedUntil === undefined) return error.paused ? (error.retryAfter ?? 0) : undefined
    if (isNewRefusal(error, state)) return undefined
    if (job !== undefined) this.#lastErrors.set(job.registry, error)
    const answered = job === undefined ? state.answered : await job.answered()
    if (isGivenUp({ ...state, answered }, this.#policy)) throw giveUpError(error)
    return Math.max(0, state.pausedUntil - Date.now(), error.paused ? (error.retryAfter ?? 0) : 0)
  }
}

/** The error without the time of the next request: this job makes none. */
function giveUpError(error: DistError): DistError {
  const { message, because = '' } = error
  const end = message.indexOf(because) + because.length
  return reword(error, message.slice(0, end > 0 ? end : undefined), { retryable: false, paused: false })
}
