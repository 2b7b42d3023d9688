export { checked, givenText } from './checked.js'
export { documentSettings } from './document.js'
export { type CollectionsSettings, cronPattern, interval, timeZone } from './due.js'
export type { HookKind, HookSettings, Hooks } from './hooks.js'
export { kebab } from './names.js'
export {
  absoluteTargets,
  type NotifyTargetSettings,
  type NotifyTargets,
  notifyTargetName,
  notifyTargetsSchema,
} from './notify-targets.js'
export { type QueueAccess, readQueueAccess } from './queue-access.js'
export { readSettings } from './read.js'
export {
  absolutePaths,
  flag,
  type Registries,
  type RegistrySettings,
  registriesSchema,
  section,
} from './registries/schema.js'
export { fillVariables } from './registries/variables.js'
export { largeBodyOf } from './requests.js'
export { docOf, type Flags, type ServiceName, type Settings, serviceShapes } from './schema.js'
export { formatListen, isLoopback, type ListenAddress } from './units.js'
