export type { FileOperations } from './files/operations.js'
export { type LocalStore, openLocalStore } from './store.js'
