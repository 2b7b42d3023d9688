export { applyLayer } from './apply.js'
export {
  type Applied,
  type ApplyLimits,
  type ApplyOptions,
  type ApplyWarning,
  defaultLimits,
} from './options.js'
