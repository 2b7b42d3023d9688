import { writeRef } from '@dist/images'
import type { TransferProgress } from '@dist/queue'
import type { RedisStatuses } from '@dist/redis'

/** A listener that publishes each transfer to all clients of the queue, until the transfer ends. */
export function publishTransfers(
  statuses: Pick<RedisStatuses, 'publish' | 'remove'>,
): (transfer: TransferProgress) => void {
  const started = new Map<string, Date>()
  return ({ task: { desc, to }, offset, ended }) => {
    // Jobs of several runs for one blob are one write into the store, and one write into each registry.
    const ref = to === undefined ? writeRef(desc) : `${writeRef(desc)}@${to.host}`
    if (ended) {
      started.delete(ref)
      return statuses.remove(ref)
    }
    const updatedAt = new Date()
    const startedAt = started.get(ref) ?? updatedAt
    started.set(ref, startedAt)
    statuses.publish({ ref, offset, total: desc.size, startedAt, updatedAt })
  }
}
