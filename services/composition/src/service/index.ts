export { type Announced, announce } from './announce.js'
export { connectQueue, type QueueConnection } from './connect.js'
export type { ServiceContext } from './context.js'
export { logEvent } from './events.js'
export { createLogger, type Logger } from './log.js'
export { logEnd, parseFlags, serviceMain } from './main.js'
export { type MirrorParts, openMirror } from './mirror.js'
export { type OpenedParts, openParts } from './parts.js'
export { sparing } from './repeats.js'
export { runService, type Surroundings } from './run.js'
export { documentSettings } from './settings/document.js'
export { variablesOf } from './settings/names.js'
export { readSettings } from './settings/read.js'
export {
  type Flags,
  type ServiceName,
  type Settings,
  serviceShapes,
  settingDocs,
} from './settings/schema.js'
export { formatListen, isLoopback, type ListenAddress } from './settings/units.js'
