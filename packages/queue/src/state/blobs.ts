import type { Digest } from '@dist/oci'
import type { Amount } from '@dist/runs'
import { blobKey } from '../jobs/ids.js'

/** Milliseconds for which it is marked that a blob is stored: longer than a job relies on the plan of its image. */
export const storedFor = 120_000

/** What the jobs of an image have recorded of its blobs, by all their tries. */
export class RecordedBlobs {
  /** `entries`: as `blobLua` writes them, by `blobKey`. */
  constructor(private readonly entries: Readonly<Record<string, string>>) {}

  /** Whether a job has fetched the blob or found it present. */
  isSettled({ digest }: { digest: Digest }): boolean {
    return /^(fetched|present) /.test(this.entries[blobKey(digest)] ?? '')
  }

  get fetched(): Amount {
    const amounts = Object.values(this.entries).map(fetchedOf)
    return amounts.reduce((a, b) => ({ objects: a.objects + b.objects, bytes: a.bytes + b.bytes }), {
      objects: 0,
      bytes: 0,
    })
  }
}

function fetchedOf(entry: string): Amount {
  const [state, need, counted] = entry.split(' ')
  const fetched = state === 'arrived' ? need : counted
  // All its bytes had come when its worker died. It was committed, or the image could not have ended.
  const came = (state === 'arrived' || state === 'moving') && need === fetched && need !== '0'
  const whole = state === 'fetched' || came
  return { objects: whole ? 1 : 0, bytes: Number(fetched) }
}
