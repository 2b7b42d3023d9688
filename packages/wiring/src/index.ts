export { openPushes, type Pushes } from './pushes.js'
export { openRemote, type RequestSettings, requestSettings } from './remote.js'
export { type OpenedStore, openStore } from './store.js'
export { openTransfers, type Transfers } from './transfers.js'
