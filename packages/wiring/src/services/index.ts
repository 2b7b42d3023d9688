export { openHosts, openObstacles } from '../redis.js'
export { type Announcement, announce, heartbeatMemory } from './announce.js'
export { connectQueue } from './connect.js'
export { openParts } from './parts.js'
