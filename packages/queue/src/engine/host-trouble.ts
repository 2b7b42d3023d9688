import { DistError, isRetryable, reword } from '@dist/errdefs'
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

/** A job, as far as its host's trouble is concerned. */
export interface Waiting {
  /** The registry that it names. What is in trouble may be another host that this one leads to. */
  readonly registry: string
  /** When it was added, in milliseconds since the epoch. */
  readonly since: number
  /** Whether the host has answered in the run. */
  answered(): Promise<boolean>
}

/** Tells what becomes of a job whose host is in trouble. */
export class HostTrouble {
  readonly #policy: HostPolicy
  /** By registry, the last error that named a host in trouble. */
  readonly #blamed = new Map<string, DistError & { host: string }>()

  constructor(
    private readonly hosts: HostStates | undefined,
    policy: Partial<HostPolicy> | undefined,
  ) {
    this.#policy = hostPolicy(policy)
  }

  /**
   * Throws as `pauseFor` does where the host is given up already, so that a job that has waited for it does not ask it
   * once more. A job that is new asks: the host may be back.
   */
  async check(job: Waiting): Promise<void> {
    const error = this.#blamed.get(job.registry)
    if (error === undefined || Date.now() - job.since < this.#policy.firstPatience) return
    const state = await this.hosts?.state(error.host)
    if (state?.pausedUntil === undefined) this.#blamed.delete(job.registry)
    else if (isGivenUp({ ...state, answered: await job.answered() }, this.#policy)) throw givenUp(error)
  }

  /**
   * Milliseconds until the host of the error may be asked again: the job is put off so long, and has used no attempt.
   * Undefined for an error that is about the job alone. Throws `UNAVAILABLE`, not retryable, once the host is in trouble
   * for longer than the policy's patience.
   */
  async pauseFor(error: unknown, job?: Waiting): Promise<number | undefined> {
    if (!isAboutHost(error)) return undefined
    const state = await this.hosts?.state(error.host)
    if (state?.pausedUntil === undefined) return error.paused ? (error.retryAfter ?? 0) : undefined
    if (isNewRefusal(error, state)) return undefined
    if (job !== undefined) this.#blamed.set(job.registry, error)
    const answered = job === undefined ? state.answered : await job.answered()
    if (isGivenUp({ ...state, answered }, this.#policy)) throw givenUp(error)
    return Math.max(0, state.pausedUntil - Date.now(), error.paused ? (error.retryAfter ?? 0) : 0)
  }
}

/** The same without a word of when the host is asked again: this job does not ask it. */
function givenUp(error: DistError): DistError {
  const { message, because = '' } = error
  const end = message.indexOf(because) + because.length
  return reword(error, message.slice(0, end > 0 ? end : undefined), { retryable: false, paused: false })
}
