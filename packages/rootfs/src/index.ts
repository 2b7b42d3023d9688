export * from './apply/index.js'
export { chainIDsOf } from './chain.js'
export { type ImageConfig, type Oddity, parseImageConfig, type RunConfig } from './config.js'
export {
  type ImageSource,
  type ReadImageOptions,
  type RootImage,
  type RootLayer,
  readImage,
} from './image.js'
export * from './runtime/index.js'
export * from './snapshots/index.js'
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
