export type { FileOperations } from './files/operations.js'
export type { Swept } from './ingest/sweep.js'
export { type LocalStore, type LocalStoreOptions, openLocalStore } from './store.js'
