import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { DistError } from '@dist/errdefs'
import type { Redis } from 'ioredis'
import { within } from '../answer.js'
import { defineScript, type Script } from '../script.js'
import type { ServiceAbout } from './entry.js'
import { type HeartSettings, longestGap } from './heart.js'
import { monotonic, Pulse } from './pulse.js'
import { goneScript, leaveScript } from './scripts.js'
import { entryKey, type PresenceTerms, type Terms, termsOf } from './terms.js'

export interface PresenceOptions extends PresenceTerms, Pick<HeartSettings, 'url' | 'options' | 'about'> {
  /** The program of the thread: it calls `beat` with its `workerData` and posts a message when it is told so. */
  thread: URL
  /** Told when the thread fails; it is started again. */
  onError?: ((error: DistError) => void) | undefined
}

/** A service among those that share a Redis. Disposing takes it back. */
export interface Presence extends AsyncDisposable {
  /** Names the service in what it holds: 16 hex digits. */
  readonly id: string
  readonly about: ServiceAbout
  readonly terms: Terms
  /** How many jobs the others are shown. Default: none. */
  countJobs(count: () => number): void
  /** Those of the services that are gone: nothing is theirs any more. Rejects when Redis is away. */
  gone(ids: readonly string[]): Promise<string[]>
  /**
   * Calls when the whole process stood still for so long that others may have taken it for gone: what it held may be
   * theirs. Returns how to end that.
   */
  onStandstill(listener: () => void): () => void
}

/** Milliseconds between two looks at whether the process stood still. */
const lookEvery = 250
/** Milliseconds before a thread that failed is started again. */
const restartPause = 1_000
/** Milliseconds that taking it back may take; it expires by itself. */
const shutdownGraceMs = 1_000

/** Shows a service to all who share the Redis. Resolves when it has been shown. */
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
  readonly #gone: Script
  readonly #leave: Script
  readonly #timer: NodeJS.Timeout
  #tell: () => void = () => {}
  #count: () => number = () => 0
  #standstills = 0
  #thread: Worker | undefined
  #closed = false

  constructor(
    private readonly redis: Redis,
    private readonly options: PresenceOptions,
  ) {
    this.terms = termsOf(options)
    this.#gone = defineScript(redis, 'distServiceGone', goneScript)
    this.#leave = defineScript(redis, 'distServiceLeave', leaveScript)
    this.seen = new Promise((resolve) => {
      this.#tell = resolve
    })
    this.#pulse.tried = monotonic()
    this.#look()
    this.#timer = setInterval(() => this.#look(), lookEvery).unref()
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
    return (await this.#gone([services, steady], [expiry, grace, ...ids])) as string[]
  }

  onStandstill(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    // Before it is taken back: the thread must not show it again.
    await this.#thread?.terminate()
    if (this.redis.status !== 'ready') return
    const left = this.#leave([this.terms.services, entryKey(this.terms, this.id)], [this.id])
    await within(left, shutdownGraceMs).catch(() => {})
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
    worker.once('message', () => this.#tell())
    worker.on('error', (cause) => {
      const message = `the thread that shows this service failed: ${cause.message}`
      this.options.onError?.(new DistError('INTERNAL', message, { cause }))
    })
    worker.once('exit', () => {
      if (!this.#closed) setTimeout(() => this.#start(), restartPause).unref()
    })
    this.#thread = worker
  }

  /** The first thing that is done once a process goes on that stood still. */
  #look(): void {
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
