export { ThreadPool } from './pool.js'
export type { ThreadSettings } from './protocol.js'
