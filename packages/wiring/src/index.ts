export { addressOf, hostPolicies } from './host-policies.js'
export { openPushes, type Pushes } from './pushes.js'
export { openRemote, type RequestSettings, requestSettings } from './remote.js'
export { openTransfers, type Transfers } from './transfers.js'
