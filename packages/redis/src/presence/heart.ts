import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { type ConnectOptions, connectRedis } from '../connect/connect.js'
import { defineScript, type Script } from '../script.js'
import { formatAbout, type ServiceAbout } from './entry.js'
import { monotonic, Pulse } from './pulse.js'
import { beatScript } from './scripts.js'
import { entryKey, remembered, type Terms } from './terms.js'

/** What the thread that shows a service is started with. */
export interface HeartSettings {
  readonly url: string
  readonly options: Pick<ConnectOptions, 'username' | 'password' | 'ca' | 'cert' | 'key' | 'name'>
  readonly terms: Terms
  readonly id: string
  readonly about: ServiceAbout
  readonly pulse: SharedArrayBuffer
}

/**
 * Shows a service in Redis again and again, until its thread ends. In a thread of its own, so that a main thread that
 * is busy does not make the service look gone; while the process stands still as a whole, so does this. `onSeen` is
 * told once, when the service has been shown.
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

/** Milliseconds between two tries from which on others may have taken the service for gone. */
export function longestGap({ expiry }: Terms): number {
  return expiry * 0.9
}

class Heart {
  #redis: Redis | undefined
  #script: Script | undefined
  #busy = false
  #seen = false

  constructor(
    private readonly settings: HeartSettings,
    private readonly pulse: Pulse,
    private readonly onSeen: () => void,
  ) {}

  /** While Redis is away one question waits for it, not one for each try. */
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
    this.#script ??= defineScript(this.#redis, 'distServiceBeat', beatScript)
    const { expiry, grace } = terms
    const still = Math.max(0, monotonic() - this.pulse.ticked)
    const keys = [terms.services, terms.steady, entryKey(terms, id)]
    await this.#script(keys, [id, expiry, grace, remembered, formatAbout(about), this.pulse.active, still])
    if (!this.#seen) this.onSeen()
    this.#seen = true
  }
}
