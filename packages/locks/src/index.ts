export { backoff, jittered } from './backoff.js'
export * from './locker.js'
export { MemoryLocker } from './memory.js'
