export { maxThreads, ThreadPool, threadMemory } from './pool.js'
