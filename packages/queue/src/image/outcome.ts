import type { Plan } from '@dist/mirror'
import type { ImageJob } from '../jobs/payload.js'
import type { Amount } from '../runs.js'
import type { ImageRecord } from '../state/record.js'

/** The record of an image whose name is published. */
export function publishedRecord(image: ImageJob, plan: Plan, blobs: Amount): Omit<ImageRecord, 'attempt'> {
  const fetched = sum(sum(amountOf(plan.fetched), image.manifests), blobs)
  const all = amountOf(plan.objects)
  const shared = {
    objects: Math.max(0, all.objects - fetched.objects),
    bytes: Math.max(0, all.bytes - fetched.bytes),
  }
  // Planned once more after all is there, an image looks as if nothing had to be done.
  const upToDate = plan.upToDate && fetched.objects === 0
  return { state: 'done', digest: plan.desc.digest, upToDate, fetched, shared }
}

function amountOf(descs: readonly { size: number }[]): Amount {
  return { objects: descs.length, bytes: descs.reduce((total, { size }) => total + size, 0) }
}

function sum(a: Amount, b: Amount = { objects: 0, bytes: 0 }): Amount {
  return { objects: a.objects + b.objects, bytes: a.bytes + b.bytes }
}
