import { DistError, isRetryable, reworded } from '@dist/errdefs'
import { type HostPolicy, type HostStates, hostPolicy, isGivenUp } from '@dist/remotes'

/** Whether the error says that a host does not answer, and not what it answers. */
export function isAboutHost(error: unknown): error is DistError & { host: string } {
  return error instanceof DistError && error.host !== undefined && isRetryable(error)
}

/** Tells what becomes of a job whose host is in trouble. */
export class HostTrouble {
  readonly #policy: HostPolicy

  constructor(
    private readonly hosts: HostStates | undefined,
    policy: Partial<HostPolicy> | undefined,
  ) {
    this.#policy = hostPolicy(policy)
  }

  /**
   * Milliseconds until the host of the error may be asked again: the job is put off so long, and has used no attempt.
   * Undefined for an error that is about the job alone. Throws `UNAVAILABLE`, not retryable, once the host is in trouble
   * for longer than the policy's patience. `answered`: whether the host has answered in the run, where that is known.
   */
  async pauseFor(error: unknown, answered?: () => Promise<boolean>): Promise<number | undefined> {
    if (!isAboutHost(error)) return undefined
    const state = await this.hosts?.state(error.host)
    if (state?.pausedUntil === undefined) return error.paused ? (error.retryAfter ?? 0) : undefined
    const known = answered === undefined ? state : { ...state, answered: await answered() }
    if (isGivenUp(known, this.#policy))
      throw reworded(error, error.message, { retryable: false, paused: false })
    return Math.max(0, state.pausedUntil - Date.now(), error.paused ? (error.retryAfter ?? 0) : 0)
  }
}
