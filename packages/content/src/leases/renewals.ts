import { defaultRenewal, type LeaseSettings } from './members.js'

/** Renews a note at the interval of the settings, from `begin` to `end`. After a renewal that fails the next one tries again. */
export class Renewals {
  #timer: NodeJS.Timeout | undefined
  #isEnded = false

  constructor(
    private readonly renew: () => Promise<void>,
    private readonly settings: Pick<LeaseSettings, 'renewal'>,
  ) {}

  /** Does nothing after the end. */
  begin(): void {
    if (this.#isEnded) return
    this.#timer = setTimeout(() => {
      this.renew()
        .catch(() => {})
        .finally(() => this.begin())
    }, this.settings.renewal ?? defaultRenewal).unref()
  }

  /** A renewal under way goes on. */
  end(): void {
    this.#isEnded = true
    clearTimeout(this.#timer)
  }
}
