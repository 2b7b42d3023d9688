import { sanitize } from '@dist/errdefs'
import type { Plan } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import type { Amount } from '@dist/runs'
import type { ImageJob } from '../jobs/payload.js'
import type { ImageRecord } from '../state/record.js'

/** What a record keeps of remarks. */
const maxRemarks = 5
const longestRemark = 500

/** The record of an image of which all is right; `read`: what its own jobs have read of it. */
export function verifiedRecord(
  { digest }: Descriptor,
  needed: readonly Descriptor[],
  read: Amount,
): Omit<ImageRecord, 'attempt'> {
  return { state: 'done', digest, fetched: read, shared: rest(amountOf(needed), read) }
}

/** The record of an image whose name is published. */
export function publishedRecord(image: ImageJob, plan: Plan, blobs: Amount): Omit<ImageRecord, 'attempt'> {
  const fetched = sum(sum(amountOf(plan.fetched), image.manifests), blobs)
  const shared = rest(amountOf(plan.objects), fetched)
  // Planned once more after all is there, an image looks as if nothing had to be done.
  const upToDate = plan.upToDate && fetched.objects === 0
  const remarks = plan.remarks.slice(0, maxRemarks).map((remark) => sanitize(remark, longestRemark))
  const said = remarks.length === 0 ? {} : { remarks }
  return { state: 'done', digest: plan.desc.digest, upToDate, fetched, shared, ...said }
}

function amountOf(descs: readonly { size: number }[]): Amount {
  return { objects: descs.length, bytes: descs.reduce((total, { size }) => total + size, 0) }
}

function rest(all: Amount, taken: Amount): Amount {
  return {
    objects: Math.max(0, all.objects - taken.objects),
    bytes: Math.max(0, all.bytes - taken.bytes),
  }
}

function sum(a: Amount, b: Amount = { objects: 0, bytes: 0 }): Amount {
  return { objects: a.objects + b.objects, bytes: a.bytes + b.bytes }
}
