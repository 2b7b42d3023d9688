import { availableParallelism } from 'node:os'
import type { BudgetLimits } from '@dist/mirror'

const mebibyte = 2 ** 20

/** What the thread takes that shows the service to the others. */
const heartMemory = 16 * mebibyte

export interface MemoryShares {
  readonly transfers: BudgetLimits
  /** Bytes of the parts of a bucket's large objects. */
  readonly parts: number
  /** Threads that carry bytes into a folder, at most. */
  readonly threads: number
}

/** What a thread takes: its heap, and what it has on its way. */
const threadMemory = 64 * mebibyte

/**
 * How a worker's memory is shared out. A transfer is granted 4 MiB at most, and into a bucket holds up to four times
 * as much: one part of 16 MiB, or a small object of 8 MiB that is gathered and then put together. So half of the
 * memory bounds the transfers by an eighth of it, and the other half is for the parts that are sent meanwhile, and for
 * the thread that shows the service.
 * Into a folder hardly anything waits in memory, but threads have a heap each.
 */
export function shareMemory(memory: number, transfers: number): MemoryShares {
  return {
    transfers: { bytes: Math.max(4 * mebibyte, Math.floor(memory / 8)), transfers },
    parts: Math.floor((memory - heartMemory) / 2),
    threads: Math.max(1, Math.min(8, availableParallelism(), Math.floor(memory / threadMemory))),
  }
}
