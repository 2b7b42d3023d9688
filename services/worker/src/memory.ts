import { availableParallelism } from 'node:os'
import { writerMemory } from '@dist/content-s3/memory'
import { type BudgetLimits, transferMemory } from '@dist/mirror'
import { maxThreads, threadMemory } from '@dist/transfer-threads'
import { heartbeatMemory } from '@dist/wiring/services'

export interface MemoryShares {
  readonly transfers: BudgetLimits
  /** Bytes for the parts of large objects, for a bucket. */
  readonly parts: number
  /** Maximum number of transfer threads, for a folder. */
  readonly threads: number
}

/** Bytes of buffers that are no longer used and that V8 has not collected yet. */
const garbageMemory = 16 * 2 ** 20

/**
 * Divides the memory of a worker, in bytes. Into a bucket, a transfer that is granted `transferMemory` holds up to
 * `writerMemory`: half of the memory bounds the sum of these and of garbage, and the other half is for the parts that are
 * sent meanwhile. Into a folder, transfers hold almost nothing, but each thread has a heap.
 */
export function shareMemory(memory: number, transfers: number): MemoryShares {
  const held = Math.max(0, memory / 2 - garbageMemory)
  const granted = Math.floor((held * transferMemory) / writerMemory)
  return {
    transfers: { bytes: Math.max(transferMemory, granted), transfers },
    parts: Math.floor((memory - heartbeatMemory) / 2),
    threads: Math.max(1, Math.min(maxThreads, availableParallelism(), Math.floor(memory / threadMemory))),
  }
}
