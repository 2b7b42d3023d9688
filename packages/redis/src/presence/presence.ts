import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { within } from '../within.js'
import type { ServiceAbout } from './entry.js'
import { type HeartSettings, longestGap } from './heart.js'
import { monotonic, Pulse } from './pulse.js'
import { goneOf, leave } from './scripts.js'
import { entryKey, type PresenceTerms, type Terms, termsOf } from './terms.js'

export interface PresenceOptions extends PresenceTerms, Pick<HeartSettings, 'url' | 'options' | 'about'> {
  /** The program of the thread: it calls `beat` with its `workerData`, and posts a message in `onSeen`. */
  thread: URL
  /** Called when the thread fails; it is started again. */
  onError?: ((error: DistError) => void) | undefined
}

/** An announced service among those that share a Redis. Disposing withdraws it. */
export interface Presence extends AsyncDisposable {
  /** Marks what the service holds: 16 hex digits. */
  readonly id: string
  readonly about: ServiceAbout
  readonly terms: Terms
  /** Sets how the number of jobs under way is counted, for display. Default: 0. */
  countJobs(count: () => number): void
  /** Those of the services that are gone: they hold nothing any more. Rejects when Redis is away. */
  gone(ids: readonly string[]): Promise<string[]>
  /**
   * Calls the listener when the whole process was stopped for so long that others may have taken it for gone, and taken
   * what it held. Returns a function that removes the listener.
   */
  onStandstill(listener: () => void): () => void
}

const tickMs = 250
/** Milliseconds before a failed thread is started again. */
const restartPauseMs = 1_000
/** How long withdrawing may take; the entry expires by itself. */
const shutdownGraceMs = 1_000

/** Shows a service to all that share the Redis. Resolves when it has been shown. */
export async function announceService(redis: Redis, options: PresenceOptions): Promise<Presence> {
  const presence = new ServicePresence(redis, options)
  await presence.seen
  return presence
}

class ServicePresence implements Presence {
  readonly id = randomBytes(8).toString('hex')
  readonly terms: Terms
  /** Resolves when the service has been shown once. */
  readonly seen: Promise<void>
  readonly #pulse = new Pulse()
  readonly #listeners = new Set<() => void>()
  readonly #timer: NodeJS.Timeout
  #resolveSeen: () => void = () => {}
  #count: () => number = () => 0
  #standstills = 0
  #thread: Worker | undefined
  #closed = false

  constructor(
    private readonly redis: Redis,
    private readonly options: PresenceOptions,
  ) {
    this.terms = termsOf(options)
    this.seen = new Promise((resolve) => {
      this.#resolveSeen = resolve
    })
    this.#pulse.tried = monotonic()
    this.#tick()
    this.#timer = setInterval(() => this.#tick(), tickMs).unref()
    this.#start()
  }

  get about(): ServiceAbout {
    return this.options.about
  }

  countJobs(count: () => number): void {
    this.#count = count
  }

  async gone(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const { services, steady, expiry, grace } = this.terms
    return await goneOf(this.redis, { services, steady }, { expiry, grace }, { args: ids })
  }

  onStandstill(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    // First, so that the thread does not show the service again.
    await this.#thread?.terminate()
    if (this.redis.status !== 'ready') return
    const keys = { services: this.terms.services, entry: entryKey(this.terms, this.id) }
    await within(leave(this.redis, keys, { id: this.id }), shutdownGraceMs).catch(() => {})
  }

  #start(): void {
    if (this.#closed) return
    const { url, options, about, thread } = this.options
    const { terms, id } = this
    const settings: HeartSettings = { url, options, about, terms, id, pulse: this.#pulse.buffer }
    const worker = new Worker(thread, {
      workerData: settings,
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 },
    })
    worker.unref()
    worker.once('message', () => this.#resolveSeen())
    worker.on('error', (cause) => {
      const message = `presence thread: ${cause.message}`
      this.options.onError?.(new DistError('INTERNAL', message, { cause }))
    })
    worker.once('exit', () => {
      if (!this.#closed) setTimeout(() => this.#start(), restartPauseMs).unref()
    })
    this.#thread = worker
  }

  /** Runs first when a process goes on that was stopped, and notices it. */
  #tick(): void {
    const now = monotonic()
    const pulse = this.#pulse
    if (now - pulse.tried > longestGap(this.terms)) {
      pulse.tried = now
      pulse.countStandstill()
    }
    pulse.ticked = now
    pulse.active = this.#count()
    if (pulse.standstills === this.#standstills) return
    this.#standstills = pulse.standstills
    for (const listener of [...this.#listeners]) listener()
  }
}
