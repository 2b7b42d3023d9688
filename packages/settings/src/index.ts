export * from './defaults.js'
export { documentSettings } from './document.js'
export { type Environment, readSecret } from './environment.js'
export { kebab } from './names.js'
export {
  absoluteTargets,
  type NotifyTargetSettings,
  type NotifyTargets,
  notifyTargetName,
  notifyTargetsSchema,
} from './notify-targets.js'
export { type QueueAccess, queueUrl, readQueueAccess, requiredQueue } from './queue.js'
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
export {
  largeBodyOf,
  type RequestFlags,
  readLargeBody,
  readRequestsPerHost,
  readS3Requests,
  type S3Requests,
} from './requests.js'
export { docOf, type Flags, type ServiceName, type Settings, serviceShapes } from './schema.js'
export { formatListen, isLoopback, type ListenAddress } from './units.js'
