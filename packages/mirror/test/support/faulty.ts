import { type Info, MemoryDriver, type ReadOptions } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'

export type Damage = 'flipped' | 'short' | 'long' | DistError

/** Storage in memory whose content can be damaged. Records all reads. */
export class FaultyDriver extends MemoryDriver {
  readonly damages = new Map<Digest, Damage>()
  /** The digest of every read, in order. */
  readonly reads: Digest[] = []
  readonly stats: Digest[] = []
  /** Called before each read. */
  onRead: (digest: Digest) => Promise<void> = async () => {}

  override async stat(digest: Digest): Promise<Info | undefined> {
    this.stats.push(digest)
    return super.stat(digest)
  }

  override async read(digest: Digest, options: ReadOptions): Promise<AsyncIterable<Uint8Array>> {
    this.reads.push(digest)
    await this.onRead(digest)
    const body = await super.read(digest, options)
    const damage = this.damages.get(digest)
    return damage === undefined ? body : damaged(body, damage)
  }
}

async function* damaged(body: AsyncIterable<Uint8Array>, damage: Damage): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    if (damage === 'short') yield chunk.subarray(1)
    else if (damage === 'long') yield Buffer.concat([chunk, Uint8Array.of(0)])
    else if (damage === 'flipped') yield chunk.with(0, (chunk[0] ?? 0) ^ 1)
    else {
      yield chunk.subarray(0, 1)
      throw damage
    }
  }
}

export const diskError = () => new DistError('INTERNAL', 'reading: the disk fails (EIO)')
export const serverError = () => new DistError('UNAVAILABLE', 'reading: the server cannot be reached')
