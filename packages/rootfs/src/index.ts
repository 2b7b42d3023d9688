export { applyLayer } from './apply/apply.js'
export type { Applied, ApplyLimits, ApplyOptions, ApplyWarning } from './apply/options.js'
export type { ImageConfig, Oddity, RunConfig } from './config.js'
export type { ImageSource, ReadImageOptions, RootImage, RootLayer } from './image.js'
export { type BundleOptions, requireEmpty, writeBundle } from './runtime/bundle.js'
export type { RootlessOwner } from './runtime/defaults.js'
export type { SpecOptions } from './runtime/spec.js'
export type { Snapshot, SnapshotRecord } from './snapshots/snapshot.js'
export { type DamagedSnapshot, Snapshots } from './snapshots/snapshots.js'
export {
  type LayerEvent,
  type LayerWarning,
  type UnpackEvent,
  type Unpacked,
  type UnpackOptions,
  type UnpackState,
  unpackImage,
} from './unpack.js'
export { verifiedBytes } from './verified.js'
