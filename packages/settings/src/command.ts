// What commands read from flags and variables. Without the schema of the settings, which takes longer to load than a small pull.
export * from './defaults.js'
export { type Environment, readSecret } from './environment.js'
export {
  type QueueAddress,
  type QueueFlags,
  queueAddress,
  requiredQueue,
  requiredRedis,
  type ServerAddress,
  serverAddress,
} from './queue.js'
export { readLargeBody, readRequestsPerHost, readS3Requests, type S3Requests } from './requests.js'
