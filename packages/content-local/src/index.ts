export type { FileOperations } from './files/operations.js'
export { LocalLocker, type LocalLockerOptions } from './locker/locker.js'
export { type LocalStore, type LocalStoreOptions, openLocalStore } from './store.js'
