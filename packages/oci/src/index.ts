export * from './descriptor.js'
export * from './digest.js'
export { DigestTable } from './digest-table.js'
export * from './manifest.js'
export * from './mediatypes.js'
export {
  formatPlatform,
  hostPlatform,
  isUnknownPlatform,
  type Platform,
  parsePlatform,
  platformMatches,
  readPlatform,
} from './platforms.js'
