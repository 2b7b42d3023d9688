import { sleep } from '@dist/errdefs'
import type { HostStates } from '@dist/remotes'

interface QuotaRoomsEvents<T> {
  /** The work may try again. */
  retry(work: T): void
  /** The wait was aborted. */
  end(work: T, error: unknown): void
}

/** Milliseconds. The longest time between two looks at a quota: other work may have learned of it. */
const lookEvery = 5_000

/** The work that waits for the quotas of hosts. One tries a quota in its interval; all continue when there are pulls. */
export class QuotaRooms<T> {
  readonly #rooms = new Map<string, T[]>()

  constructor(
    private readonly hosts: HostStates,
    private readonly signal: AbortSignal | undefined,
    private readonly events: QuotaRoomsEvents<T>,
  ) {}

  add(host: string, work: T): void {
    const room = this.#rooms.get(host)
    if (room !== undefined) {
      room.push(work)
      return
    }
    const made = [work]
    this.#rooms.set(host, made)
    void this.#watch(host, made)
  }

  async #watch(host: string, room: T[]): Promise<void> {
    try {
      while (room.length > 0) {
        const turn = await this.hosts.pullTurn(host)
        if (turn === 'open') break
        if (turn === 'try') this.#retry(room.splice(0, 1))
        else await sleep(Math.min(turn, lookEvery), this.signal)
      }
      this.#rooms.delete(host)
      this.#retry(room)
    } catch (error) {
      this.#rooms.delete(host)
      for (const work of room) this.events.end(work, error)
    }
  }

  #retry(all: readonly T[]): void {
    for (const work of all) this.events.retry(work)
  }
}
