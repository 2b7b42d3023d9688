export { childrenHandler } from './children.js'
export { configPlatform } from './config.js'
export { type Handler, type HandlerContext, type HandlerResult, skipDesc } from './handler.js'
export { holdsAll } from './holds.js'
export { type NeedsOptions, neededBy } from './needs.js'
export {
  filterPlatforms,
  isAttestation,
  type PlatformRequest,
  requestOf,
  selectedChildren,
  wantedChildren,
} from './platforms.js'
export { type SelectOptions, selectManifest } from './select.js'
export { type WalkOptions, walk } from './walk.js'
export { writeRef } from './write-ref.js'
