export { oneChunk } from './chunk.js'
export * from './content.js'
export { type CopyOptions, copyContent } from './copy.js'
export { createIngester, createStore } from './create-store.js'
export * from './driver.js'
export { forEachConcurrently } from './for-each.js'
export { formatImage, parseImage } from './image-document.js'
export { Collection, type CollectionLimits } from './leases/collection.js'
export { type GuardOptions, Lease } from './leases/lease.js'
export { guarded, leasedContent, leasedNames } from './leases/leased.js'
export type { LeaseSettings } from './leases/members.js'
export type { Note, Notes } from './leases/notes.js'
export {
  createLedgers,
  type Ledger,
  type LedgerFiles,
  type Ledgers,
  maxLedgerFile,
  memoryLedgers,
  type PruneLimit,
  type TakenNames,
} from './ledgers.js'
export { measuredContent, measuredNames } from './measured.js'
export { MemoryDriver, MemoryNames } from './memory.js'
export * from './names.js'
export { gather, hadRecently, has, isDamaged, isUnreadable, readContent } from './read.js'
export * from './referrers.js'
export { giveBack, type Slab, Slabs } from './slabs.js'
export { statusOf } from './status.js'
export type { ContentStore, Store, Swept } from './store.js'
export { Withheld } from './withheld.js'
