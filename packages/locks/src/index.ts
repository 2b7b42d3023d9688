export { backoff, jittered } from '@dist/errdefs'
export * from './locker.js'
export { MemoryLocker } from './memory.js'
