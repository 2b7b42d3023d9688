export type { ServiceContext } from './context.js'
export {
  type Flags,
  type ServiceName,
  type Settings,
  serviceShapes,
  settingDocs,
  sharedKeys,
} from './settings/schema.js'
export {
  formatListen,
  isLoopback,
  type ListenAddress,
  parseDuration,
  parseListen,
  parseSize,
} from './settings/units.js'
