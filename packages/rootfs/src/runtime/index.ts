export { type BundleOptions, requireEmpty, writeBundle } from './bundle.js'
export type { RootlessOwner } from './rootless.js'
export { runtimeSpec, type SpecOptions } from './spec.js'
export { type Accounts, type ProcessUser, resolveUser } from './user.js'
