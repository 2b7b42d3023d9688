export * from './locker.js'
export { MemoryLocker } from './memory.js'
export * from './owner.js'
