import { setMaxListeners } from 'node:events'
import { abortError, backoff, DistError, firstError, hasCode, reword, sleep } from '@dist/errdefs'
import {
  type HostPolicies,
  type HostState,
  type HostStates,
  isGivenUp,
  isQuotaError,
  policyOf,
} from '@dist/remotes'
import { type Lane, Lanes, slotsFor } from './lanes.js'
import { QuotaRooms } from './quota-rooms.js'

/** Work that is done in attempts. Between two attempts it holds no resources. */
export interface Work {
  /** The name for errors. */
  readonly name: string
  /** One attempt. Throws the error of a failure. `onAnswered` has to be called when the host has answered. */
  attempt(onAnswered: () => void): Promise<void>
  /** Called before the next attempt is delayed. `until`: its approximate time, in milliseconds since the epoch. */
  delayed(error: unknown, until: number): void
}

/** Retries of work that failed for a reason other than the health of its host. */
export interface Retries {
  /** Total number of attempts. Default: 6. */
  readonly attempts: number
  /** Milliseconds before the second attempt; doubled for each further one. Default: 1,000. */
  readonly firstDelay: number
  /** Milliseconds. Default: 60,000. */
  readonly longestDelay: number
}

export const defaultRetries: Retries = { attempts: 6, firstDelay: 1_000, longestDelay: 60_000 }

export interface ScheduleOptions {
  hosts: HostStates
  policy: HostPolicies
  retries: Retries
  signal?: AbortSignal | undefined
}

/** Milliseconds between two checks of a host in trouble. */
const checkIntervalMs = 100

/**
 * Held works of a host for each that runs. So many can wait for another attempt before the next ones have to wait for them:
 * each may wait half a minute in all.
 */
const heldPerSlot = 64

/** Called when a work has ended, with the error if it failed. */
type OnEnd = (failure?: { readonly error: unknown }) => void

interface Job {
  readonly work: Work
  readonly lane: Lane<Job>
  readonly end: OnEnd
  failures: number
  /** How often the trouble of its host began again, and the time of the last refusal, in milliseconds since the epoch. */
  refusals: number
  refusedAt: number
  /** The error of its own last request to the host that it waits for. */
  failed?: DistError | undefined
}

/** The work that waits for one host in trouble. */
interface WaitingRoom {
  readonly jobs: Set<Job>
  trial: Job | undefined
}

/**
 * Runs work for many hosts, so that a dead or slow host delays only its own work. Work waits in the lane of its host, and
 * lanes take turns. Work that fails because a host is in trouble, its own or another one, waits for that host: after the
 * pause of the host one work tries it, and all continue once it answers. Work that fails for another reason is retried a
 * limited number of times.
 */
export class Schedule {
  readonly #lanes: Lanes<Job>
  readonly #rooms = new Map<string, WaitingRoom>()
  readonly #pulls: QuotaRooms<Job>

  constructor(private readonly options: ScheduleOptions) {
    const start = (job: Job, answered: () => void) => void this.#run(job, answered)
    this.#lanes = new Lanes(start, (host) => slotsFor(policyOf(options.policy, host).requests))
    this.#pulls = new QuotaRooms(options.hosts, options.signal, {
      retry: (job) => this.#lanes.add(job),
      end: (job, error) => job.end({ error }),
    })
    // One signal aborts thousands of waits. Node warns of a leak at more than ten listeners.
    if (options.signal !== undefined) setMaxListeners(0, options.signal)
  }

  /**
   * The works of a host that are worth holding: those that run, and, of a host that has answered, many that wait for another
   * attempt.
   */
  heldAtMost(host: string): number {
    const { perHost } = slotsFor(policyOf(this.options.policy, host).requests)
    return this.#lanes.of(host).proven ? perHost * heldPerSlot : perHost
  }

  /** Runs work until it succeeds or has no further attempt; resolves to its error. Never rejects. */
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
      // Any other error is an answer of the host.
      if (!hasCode(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELED')) answered()
      await this.#handleFailure(job, error)
    } finally {
      this.#lanes.leave(job)
    }
  }

  async #handleFailure(job: Job, failure: unknown): Promise<void> {
    const error = firstError(failure)
    if (!(error instanceof DistError) || !error.retryable || this.options.signal?.aborted)
      return job.end({ error: failure })
    if (isQuotaError(error)) return this.#waitForPulls(job, error)
    const { host } = error
    const state = host === undefined ? undefined : await this.options.hosts.state(host)
    if (state?.pausedUntil !== undefined) {
      if (!error.paused && this.#isRefusedForever(job, state)) return job.end({ error })
      return this.#wait(job, error, state)
    }
    // The host is available again.
    if (error.paused) return void this.#retryAfter(job, checkIntervalMs)
    const { attempts, firstDelay, longestDelay } = this.options.retries
    if (++job.failures >= attempts) return job.end({ error })
    const delay = Math.max(backoff(job.failures - 1, firstDelay, longestDelay), error.retryAfter ?? 0)
    job.work.delayed(error, Date.now() + delay)
    void this.#retryAfter(job, delay)
  }

  #waitForPulls(job: Job, error: DistError & { host: string }): void {
    job.work.delayed(error, Date.now() + (error.retryAfter ?? 0))
    this.#pulls.add(error.host, job)
  }

  /** Retries after a delay. */
  async #retryAfter(job: Job, delay: number): Promise<void> {
    try {
      await sleep(delay, this.options.signal)
      this.#lanes.add(job)
    } catch (error) {
      job.end({ error })
    }
  }

  /** Waits for a host in trouble. Ends the work if the host has been given up. */
  #wait(job: Job, error: DistError, state: HostState): void {
    const { host, pausedUntil = 0 } = state
    if (!error.paused) job.failed = error
    const room = this.#rooms.get(host)
    if (isGivenUp(state, policyOf(this.options.policy, host))) {
      job.end({ error: giveUpError(job, error) })
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
   * Whether the host accepts other requests and always refuses this work: its trouble has ended and begun again too often.
   * A host that refuses all requests is given up by the policy.
   */
  #isRefusedForever(job: Job, { since = 0 }: HostState): boolean {
    if (job.refusedAt > 0 && since > job.refusedAt) job.refusals++
    job.refusedAt = Date.now()
    return job.refusals >= 2 * this.options.retries.attempts
  }

  /** Runs a trial when the pause is over, and releases all work when the host is available. */
  async #watch(host: string, room: WaitingRoom): Promise<void> {
    const { hosts, signal } = this.options
    try {
      while (this.#rooms.get(host) === room && (room.jobs.size > 0 || room.trial !== undefined)) {
        const { pausedUntil } = await hosts.state(host)
        if (pausedUntil === undefined) return this.#open(host, room)
        const left = pausedUntil - Date.now()
        if (left <= 0 && room.trial === undefined) this.#try(room)
        await sleep(Math.min(longestTimer, Math.max(checkIntervalMs, left)), signal)
      }
      this.#rooms.delete(host)
    } catch (error) {
      this.#rooms.delete(host)
      for (const job of room.jobs) job.end({ error })
    }
  }

  #try(room: WaitingRoom): void {
    const [job] = room.jobs
    if (job === undefined) return
    room.jobs.delete(job)
    room.trial = job
    this.#lanes.try(job, () => {
      if (room.trial === job) room.trial = undefined
    })
  }

  #open(host: string, { jobs }: WaitingRoom): void {
    this.#rooms.delete(host)
    for (const job of [...jobs].reverse()) this.#lanes.add(job, { first: true })
  }

  #giveUp(host: string, { jobs }: WaitingRoom, error: DistError): void {
    this.#rooms.delete(host)
    for (const job of jobs) job.end({ error: giveUpError(job, error) })
  }
}

// Node fires a timer with a longer delay immediately.
const longestTimer = 0x7fffffff

/** The error of its own request to the host, or that of another one under its name; not paused, because it is final. */
function giveUpError(job: Job, error: DistError): DistError {
  return job.failed ?? reword(error, `${job.work.name}: ${error.because ?? error.message}`, { paused: false })
}
