import { writeRef } from '@dist/images'
import type { TransferProgress } from '@dist/queue'
import type { RedisStatuses } from '@dist/redis'

/** Shows each transfer to everybody who shares the queue, for as long as it goes on. */
export function publishTransfers(
  statuses: Pick<RedisStatuses, 'publish' | 'remove'>,
): (transfer: TransferProgress) => void {
  const started = new Map<string, Date>()
  return ({ task: { desc, to }, offset, ended }) => {
    // Two runs may wait for one blob; it is one write all the same, but for each place that it goes to.
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
