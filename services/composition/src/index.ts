export { type Environment, nonEmpty } from './environment.js'
export { openRemote, type RemoteSettings, type RequestSettings, requestSettings } from './remote.js'
export { openStore, type Store, type StoreSettings, storeUrl } from './store.js'
export { openTransfers, type Transfers } from './transfers.js'
