/** What a look has found. `id`: the same for the same answer. */
export interface Found {
  readonly id: string
  /** The event that tells it. */
  readonly text: string
}

/** Takes what looks have found. */
export type Reader = (found: Found) => void

/** Milliseconds by which a look may come early, so that looks of several topics come together. */
const slackMs = 100

/** One question that is asked again and again, once for all that read it. */
export class Topic {
  /** The readers, and the number of the first look that counts for each: what they get is not from before they came. */
  readonly #readers = new Map<Reader, number>()
  #looks = 0
  #isLooking = false
  #isWanted = false
  #dueAt = 0

  /** `look` never rejects. */
  constructor(
    private readonly look: () => Promise<Found>,
    private readonly everyMs: number,
  ) {}

  get hasReaders(): boolean {
    return this.#readers.size > 0
  }

  add(reader: Reader): void {
    this.#readers.set(reader, this.#looks + 1)
    void this.ask()
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader)
  }

  /** Asks if it is time. */
  askIfDue(): void {
    if (!this.#isLooking && performance.now() >= this.#dueAt) void this.ask()
  }

  /** Asks now; once more if a look is under way. */
  async ask(): Promise<void> {
    this.#isWanted = true
    if (this.#isLooking) return
    this.#isLooking = true
    while (this.#isWanted) {
      this.#isWanted = false
      await this.#lookOnce()
    }
    this.#isLooking = false
  }

  async #lookOnce(): Promise<void> {
    const number = ++this.#looks
    const startedAt = performance.now()
    const found = await this.look()
    const endedAt = performance.now()
    // What takes long is asked less often.
    this.#dueAt = endedAt + Math.max(this.everyMs, 4 * (endedAt - startedAt)) - slackMs
    for (const [reader, first] of [...this.#readers]) if (number >= first) reader(found)
  }
}
