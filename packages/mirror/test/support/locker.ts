import { DistError } from '@dist/errdefs'
import { type AcquireOptions, type Lock, type Locker, MemoryLocker } from '@dist/locks'

/** Locks that can be lost while they are held. */
export class LosableLocker implements Locker {
  readonly #locker = new MemoryLocker()
  readonly #held = new Set<AbortController>()

  async acquire(key: string, options?: AcquireOptions): Promise<Lock> {
    const lock = await this.#locker.acquire(key, options)
    const lost = new AbortController()
    this.#held.add(lost)
    const release = async () => {
      this.#held.delete(lost)
      await lock.release()
    }
    return { key, signal: lost.signal, release, [Symbol.asyncDispose]: release }
  }

  loseAll(): void {
    for (const lost of this.#held) lost.abort(new DistError('CANCELED', 'the lock is lost'))
  }
}
