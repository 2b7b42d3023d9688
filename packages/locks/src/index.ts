export * from './locker.js'
export { MemoryLocker } from './memory.js'
