import { throwIfAborted } from '@dist/errdefs'
import type { Lock, Locker, LossyLock } from '@dist/locks'
import { lockKey } from './entry.js'

/**
 * The right to write one ref: within this process from the start, among all processes once it is claimed. A claim is a file,
 * which costs more than small content. Without one, two processes can fetch the same content at the same time; both may
 * commit it.
 */
export class RefLock {
  #claim: LossyLock | undefined

  private constructor(
    private readonly ref: string,
    private readonly turn: Lock,
    private readonly locker: Locker<LossyLock>,
  ) {}

  /** Throws `UNAVAILABLE` (`held`) if another write of this process has the ref. `turns`: the locks of this process. */
  static async take(
    ref: string,
    turns: Locker,
    locker: Locker<LossyLock>,
    signal?: AbortSignal,
  ): Promise<RefLock> {
    return new RefLock(ref, await turns.acquire(lockKey(ref), { wait: 0, signal }), locker)
  }

  /** Takes the ref among all processes. Throws `UNAVAILABLE` (`held`) if another process has it. */
  async claim(signal?: AbortSignal): Promise<void> {
    this.#claim ??= await this.locker.acquire(lockKey(this.ref), { wait: 0, signal })
  }

  /** Whether another process may have the ref now. */
  get isLost(): boolean {
    return this.#claim?.signal.aborted === true
  }

  /** Throws the reason of the loss. */
  check(): void {
    throwIfAborted(this.#claim?.signal)
  }

  async release(): Promise<void> {
    try {
      await this.#claim?.release()
    } finally {
      await this.turn.release()
    }
  }
}
