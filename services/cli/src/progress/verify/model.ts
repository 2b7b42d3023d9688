import type { ContentSizes, VerifyEvent } from '@dist/mirror'
import type { Digest } from '@dist/oci'
import { formatBytes, formatDuration } from '../../format.js'

/** How far a verification is, built up from events. */
export class VerifyProgress {
  readonly objects = { done: 0, total: 0 }
  /** Of stored content: as far as it is known beforehand, and read of it. */
  readonly bytes = { done: 0, total: 0 }
  bad = 0
  #content: ContentSizes | undefined
  /** Bytes read of content that is not through. */
  readonly #reading = new Map<Digest, number>()

  /** Whether it is known what there is to do. */
  get planned(): boolean {
    return this.#content !== undefined
  }

  apply(event: VerifyEvent): void {
    if (event.type === 'planned') this.#plan(event.content)
    else if (event.type === 'reading') this.#read(event.digest, event.offset)
    else {
      // What is shorter or longer than it should be is through as well.
      this.#read(event.digest, this.#content?.get(event.digest) ?? 0)
      this.#reading.delete(event.digest)
      this.objects.done++
      if (event.verdict.state !== 'right') this.bad++
    }
  }

  #plan(content: ContentSizes): void {
    this.#content = content
    this.objects.total = content.size
    for (const size of content.values()) this.bytes.total += size
  }

  #read(digest: Digest, offset: number): void {
    this.bytes.done += offset - (this.#reading.get(digest) ?? 0)
    this.#reading.set(digest, offset)
  }
}

/** Everything in one line. `speed`: bytes per second. */
export function verifyLine({ planned, objects, bytes, bad }: VerifyProgress, speed: number): string {
  if (!planned) return 'looking for what there is to verify'
  const left = bytes.total - bytes.done
  const parts = [
    `${objects.done}/${objects.total} objects`,
    `${formatBytes(bytes.done)} / ${formatBytes(bytes.total)}`,
    `${formatBytes(speed)}/s`,
    ...(speed > 0 && left > 0 ? [`ETA ${formatDuration((left * 1000) / speed)}`] : []),
    `${bad} bad`,
  ]
  return parts.join(' · ')
}
