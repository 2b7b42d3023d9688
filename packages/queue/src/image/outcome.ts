import { sanitize } from '@dist/errdefs'
import type { Plan } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import type { Amount } from '@dist/runs'
import type { ImageJob } from '../jobs/payload.js'
import type { ImageRecord } from '../state/record.js'

/** The most remarks that a record keeps, and the length of each. */
const maxRemarks = 5
const maxRemark = 500

/** The record of a verified image without bad blobs. `read`: what its own jobs have read. */
export function verifiedRecord(
  { digest }: Descriptor,
  needed: readonly Descriptor[],
  read: Amount,
): Omit<ImageRecord, 'attempt'> {
  return { state: 'done', digest, fetched: read, shared: subtract(amountOf(needed), read) }
}

/** The record of a published image. `blobs`: what its own blob jobs have fetched. */
export function publishedRecord(image: ImageJob, plan: Plan, blobs: Amount): Omit<ImageRecord, 'attempt'> {
  const fetched = add(add(amountOf(plan.fetched), image.manifests), blobs)
  const shared = subtract(amountOf(plan.objects), fetched)
  // The last plan of an image that was fetched is up to date, too.
  const upToDate = plan.upToDate && fetched.objects === 0
  const remarks = plan.remarks.slice(0, maxRemarks).map((remark) => sanitize(remark, maxRemark))
  return {
    state: 'done',
    digest: plan.desc.digest,
    ...(plan.previous === undefined ? {} : { previous: plan.previous }),
    upToDate,
    fetched,
    shared,
    remarks: remarks.length === 0 ? undefined : remarks,
  }
}

function amountOf(descs: readonly { size: number }[]): Amount {
  return { objects: descs.length, bytes: descs.reduce((total, { size }) => total + size, 0) }
}

function subtract(all: Amount, part: Amount): Amount {
  return {
    objects: Math.max(0, all.objects - part.objects),
    bytes: Math.max(0, all.bytes - part.bytes),
  }
}

function add(a: Amount, b: Amount = { objects: 0, bytes: 0 }): Amount {
  return { objects: a.objects + b.objects, bytes: a.bytes + b.bytes }
}
