export { type PatienceOptions, waitedFor } from './patience.js'
export { openPushes, type Pushes, type PushesOptions } from './pushes.js'
export {
  type OpenQueueOptions,
  openQueue,
  type Queue,
  type QueueSettings,
  queueUrl,
  requiredQueue,
} from './queue.js'
export { openRemote, type RemoteSettings, type RequestSettings, requestSettings } from './remote.js'
export { openStore, type Store, type StoreSettings, storeUrl } from './store.js'
export { openTransfers, type Transfers } from './transfers.js'
