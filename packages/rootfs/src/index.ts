export { applyLayer } from './apply/apply.js'
export type { Applied, ApplyOptions, ApplyWarning } from './apply/options.js'
export type { ImageConfig, RunConfig } from './config.js'
export type { ImageSource } from './image.js'
export { requireEmpty, writeBundle } from './runtime/bundle.js'
export type { SpecOptions } from './runtime/spec.js'
export type { Snapshot } from './snapshots/snapshot.js'
export { Snapshots } from './snapshots/snapshots.js'
export {
  type UnpackEvent,
  type Unpacked,
  type UnpackOptions,
  type UnpackState,
  unpackImage,
} from './unpack.js'
export { verifiedBytes } from './verified.js'
