export * from './locker.js'
export { measuredLocker } from './measured.js'
export { MemoryLocker } from './memory.js'
export * from './owner.js'
