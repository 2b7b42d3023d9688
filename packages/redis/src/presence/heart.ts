import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { type ConnectOptions, connectRedis } from '../connect/connect.js'
import { formatAbout, type ServiceAbout } from './entry.js'
import { monotonic, Pulse } from './pulse.js'
import { beat as beatOnce } from './scripts.js'
import { entryKey, keptMs, type Terms } from './terms.js'

/** The `workerData` of the thread that shows a service. */
export interface HeartSettings {
  readonly url: string
  readonly options: Pick<ConnectOptions, 'username' | 'password' | 'ca' | 'cert' | 'key' | 'name'>
  readonly terms: Terms
  readonly id: string
  readonly about: ServiceAbout
  readonly pulse: SharedArrayBuffer
}

/**
 * Shows a service in Redis at each interval, until its thread ends. It runs in a thread of its own, so that a busy main
 * thread does not make the service look gone. When the whole process is stopped, so is this thread. `onSeen` is called
 * once, when the service has been shown.
 */
export async function beat(settings: HeartSettings, onSeen: () => void): Promise<never> {
  const { terms } = settings
  const pulse = new Pulse(settings.pulse)
  const heart = new Heart(settings, pulse, onSeen)
  for (;;) {
    const now = monotonic()
    if (now - pulse.tried > longestGap(terms)) pulse.countStandstill()
    pulse.tried = now
    heart.show()
    await delay(terms.every)
  }
}

/** Milliseconds between two tries after which other services may have taken this one for gone. */
export function longestGap({ expiry }: Terms): number {
  return expiry * 0.9
}

class Heart {
  #redis: Redis | undefined
  #busy = false
  #seen = false

  constructor(
    private readonly settings: HeartSettings,
    private readonly pulse: Pulse,
    private readonly onSeen: () => void,
  ) {}

  /** While Redis is away one command waits for it, not one for each interval. */
  show(): void {
    if (this.#busy) return
    this.#busy = true
    this.#show()
      .catch(() => {})
      .finally(() => {
        this.#busy = false
      })
  }

  async #show(): Promise<void> {
    const { url, options, terms, id, about } = this.settings
    this.#redis ??= await connectRedis(url, options)
    const { services, steady, expiry, grace } = terms
    const still = Math.max(0, monotonic() - this.pulse.ticked)
    await beatOnce(
      this.#redis,
      { services, steady, entry: entryKey(terms, id) },
      { id, expiry, grace, kept: keptMs, about: formatAbout(about), active: this.pulse.active, still },
    )
    if (!this.#seen) this.onSeen()
    this.#seen = true
  }
}
