import { DistError, isRetryable, reworded } from '@dist/errdefs'
import { type HostPolicy, type HostState, type HostStates, hostPolicy, isGivenUp } from '@dist/remotes'

/** Whether the error says that a host does not answer, and not what it answers. */
export function isAboutHost(error: unknown): error is DistError & { host: string } {
  return error instanceof DistError && error.host !== undefined && isRetryable(error)
}

/** Milliseconds within which a trouble began with the error at hand. */
const fresh = 1_000

/**
 * Whether the host takes other requests and has just asked this one for a pause. That uses an attempt: else a job that is
 * the only one to be refused would never end.
 */
function isNewRefusal(error: DistError, { since }: HostState): boolean {
  const refused = error.code === 'RESOURCE_EXHAUSTED' && !error.paused
  return refused && since !== undefined && Date.now() - since < fresh
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
    if (isNewRefusal(error, state)) return undefined
    const known = answered === undefined ? state : { ...state, answered: await answered() }
    if (isGivenUp(known, this.#policy))
      throw reworded(error, error.message, { retryable: false, paused: false })
    return Math.max(0, state.pausedUntil - Date.now(), error.paused ? (error.retryAfter ?? 0) : 0)
  }
}
