export { createS3Client, type S3Agents, type S3ClientSettings, type S3Credentials } from './client.js'
export { openS3Store, type S3Store, type S3StoreOptions } from './store.js'
export { parseS3Url, type S3Location } from './url.js'
