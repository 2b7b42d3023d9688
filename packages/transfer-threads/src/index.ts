export { maxThreads, ThreadPool, threadMemory } from './pool.js'
export type { ThreadSettings } from './protocol.js'
