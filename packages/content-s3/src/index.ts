export type { S3Agents, S3ClientSettings } from './client.js'
export { openS3Store, type S3Store, type S3StoreOptions } from './store.js'
export { parseS3Url, type S3Location } from './url.js'
