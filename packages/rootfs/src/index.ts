export { applyLayer } from './apply/apply.js'
export {
  type Applied,
  type ApplyLimits,
  type ApplyOptions,
  type ApplyWarning,
  defaultLimits,
} from './apply/options.js'
export { type ImageConfig, type Oddity, parseImageConfig, type RunConfig } from './config.js'
export {
  chainIDsOf,
  type ImageSource,
  type ReadImageOptions,
  type RootImage,
  type RootLayer,
  readImage,
} from './image.js'
export { type BundleOptions, requireEmpty, writeBundle } from './runtime/bundle.js'
export type { RootlessOwner } from './runtime/defaults.js'
export { runtimeSpec, type SpecOptions } from './runtime/spec.js'
export { type Accounts, type ProcessUser, resolveUser } from './runtime/user.js'
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
