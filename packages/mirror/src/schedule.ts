import { setMaxListeners } from 'node:events'
import { abortError, backoff, DistError, firstError, hasCode, reword, sleep } from '@dist/errdefs'
import { type HostPolicy, type HostState, type HostStates, isGivenUp } from '@dist/remotes'
import { type Lane, Lanes } from './lanes.js'

/** What is brought in attempts, and waits between them without holding anything. */
export interface Work {
  /** For errors. */
  readonly name: string
  /** Throws why it failed. `onAnswered`: its host has answered. */
  attempt(onAnswered: () => void): Promise<void>
  /** Told that it is tried again, at about this time (milliseconds since the epoch), and why. */
  delayed(error: unknown, until: number): void
}

/** How often, and how soon, a piece of work is tried again that failed for a reason of its own. */
export interface Retries {
  /** Attempts in all. Default: 6. */
  readonly attempts: number
  /** Milliseconds before the second one; they double. Default: 1,000. */
  readonly firstDelay: number
  /** Default: 60,000. */
  readonly longestDelay: number
}

export const defaultRetries: Retries = { attempts: 6, firstDelay: 1_000, longestDelay: 60_000 }

export interface ScheduleOptions {
  hosts: HostStates
  policy: HostPolicy
  retries: Retries
  signal?: AbortSignal | undefined
}

/** How often a host is looked at that somebody asks whether it is back. */
const lookAgain = 100

/** How a piece of work ended. */
export type Ended = (failure?: { readonly error: unknown }) => void

interface Job {
  readonly work: Work
  readonly lane: Lane<Job>
  readonly end: Ended
  failures: number
  /** How often its host asked it for a pause anew, and when it did so last, in milliseconds since the epoch. */
  refusals: number
  refusedAt: number
  /** Why the host that it waits for is asked no more, in the words of its own last request there. */
  failed?: DistError | undefined
}

/** What waits for one host that is in trouble. */
interface Room {
  readonly jobs: Set<Job>
  trial: Job | undefined
}

/**
 * Sees to work of many hosts, so that a dead or slow one costs only itself. Work waits in the lane of its host; lanes
 * take turns. What meets a host in trouble, its own or another, waits for that one: when the host's pause is over one
 * piece of work tries it, and all go on once it answers. What fails for a reason of its own is tried again, a bounded
 * number of times.
 */
export class Schedule {
  readonly #lanes = new Lanes<Job>((job, answered) => void this.#run(job, answered))
  readonly #rooms = new Map<string, Room>()

  constructor(private readonly options: ScheduleOptions) {
    // One signal ends thousands of waits; Node takes more than ten for a leak and warns.
    if (options.signal !== undefined) setMaxListeners(0, options.signal)
  }

  /** Brings a piece of work to its end. Never rejects. */
  add(host: string, work: Work): Promise<{ readonly error: unknown } | undefined> {
    return new Promise((resolve) => {
      const lane = this.#lanes.of(host)
      this.#lanes.add({
        work,
        lane,
        failures: 0,
        refusals: 0,
        refusedAt: 0,
        end: (failure) => resolve(failure),
      })
    })
  }

  async #run(job: Job, answered: () => void): Promise<void> {
    const { signal } = this.options
    try {
      if (signal?.aborted) throw abortError(signal)
      await job.work.attempt(answered)
      answered()
      job.end()
    } catch (error) {
      // Whatever it said, it was there to say it.
      if (!hasCode(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELED')) answered()
      await this.#failed(job, error)
    } finally {
      this.#lanes.left(job)
    }
  }

  async #failed(job: Job, failure: unknown): Promise<void> {
    const error = firstError(failure)
    if (!(error instanceof DistError) || !error.retryable || this.options.signal?.aborted)
      return job.end({ error: failure })
    const { host } = error
    const state = host === undefined ? undefined : await this.options.hosts.state(host)
    if (state?.pausedUntil !== undefined) {
      if (!error.paused && this.#isRefusedForGood(job, state)) return job.end({ error })
      return this.#wait(job, error, state)
    }
    // The host has come back meanwhile.
    if (error.paused) return void this.#later(job, lookAgain)
    const { attempts, firstDelay, longestDelay } = this.options.retries
    if (++job.failures >= attempts) return job.end({ error })
    const delay = Math.max(backoff(job.failures - 1, firstDelay, longestDelay), error.retryAfter ?? 0)
    job.work.delayed(error, Date.now() + delay)
    void this.#later(job, delay)
  }

  /** Tries it again after a while of its own. */
  async #later(job: Job, delay: number): Promise<void> {
    try {
      await sleep(delay, this.options.signal)
      this.#lanes.add(job)
    } catch (error) {
      job.end({ error })
    }
  }

  /** Has it wait for a host, or fail where nobody waits for that any more. */
  #wait(job: Job, error: DistError, state: HostState): void {
    const { host, pausedUntil = 0 } = state
    if (!error.paused) job.failed = error
    const room = this.#rooms.get(host)
    if (isGivenUp(state, this.options.policy)) {
      job.end({ error: givenUp(job, error) })
      if (room !== undefined) this.#giveUp(host, room, error)
      return
    }
    job.work.delayed(error, pausedUntil)
    if (room !== undefined) {
      if (room.trial === job) room.trial = undefined
      room.jobs.add(job)
      return
    }
    const made = { jobs: new Set([job]), trial: undefined }
    this.#rooms.set(host, made)
    void this.#watch(host, made)
  }

  /**
   * Whether the host takes other requests and this work never: its trouble has ended and begun again so often. A host
   * that refuses everybody is waited for as long as the policy says.
   */
  #isRefusedForGood(job: Job, { since = 0 }: HostState): boolean {
    if (job.refusedAt > 0 && since > job.refusedAt) job.refusals++
    job.refusedAt = Date.now()
    return job.refusals >= 2 * this.options.retries.attempts
  }

  /** Lets one try when the pause is over, and all go once the host is well. */
  async #watch(host: string, room: Room): Promise<void> {
    const { hosts, signal } = this.options
    try {
      while (this.#rooms.get(host) === room && (room.jobs.size > 0 || room.trial !== undefined)) {
        const { pausedUntil } = await hosts.state(host)
        if (pausedUntil === undefined) return this.#open(host, room)
        const left = pausedUntil - Date.now()
        if (left <= 0 && room.trial === undefined) this.#try(room)
        await sleep(Math.min(longestTimer, Math.max(lookAgain, left)), signal)
      }
      this.#rooms.delete(host)
    } catch (error) {
      this.#rooms.delete(host)
      for (const job of room.jobs) job.end({ error })
    }
  }

  #try(room: Room): void {
    const [job] = room.jobs
    if (job === undefined) return
    room.jobs.delete(job)
    room.trial = job
    this.#lanes.try(job, () => {
      if (room.trial === job) room.trial = undefined
    })
  }

  #open(host: string, { jobs }: Room): void {
    this.#rooms.delete(host)
    for (const job of [...jobs].reverse()) this.#lanes.add(job, { first: true })
  }

  #giveUp(host: string, { jobs }: Room, error: DistError): void {
    this.#rooms.delete(host)
    for (const job of jobs) job.end({ error: givenUp(job, error) })
  }
}

// Longer delays overflow the timer, which would then fire at once.
const longestTimer = 0x7fffffff

/** What its own request said of the host, or the same in general: that it is asked again soon is not true any more. */
function givenUp(job: Job, error: DistError): DistError {
  return job.failed ?? reword(error, `${job.work.name}: ${error.because ?? error.message}`, { paused: false })
}
