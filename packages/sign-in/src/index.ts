export {
  type ClientRequest,
  clientAddress,
  isForwarded,
  networkOf,
  type ProxyCheck,
  trustProxies,
} from './address/client.js'
export { hostnameOf, placeOf } from './address/place.js'
export { type Authorization, parseAuthorization } from './authorization.js'
export type { AccessLog } from './files/log.js'
export { readNamed } from './files/read.js'
export { type Watched, type WatchOptions, watchFiles } from './files/watched.js'
export { Memory } from './limits/memory.js'
export { Rates } from './limits/rates.js'
export { type Compare, ThreadComparer } from './passwords/comparer.js'
export { makeDecoy } from './passwords/decoy.js'
export { hashPassword } from './passwords/hash.js'
export { type PasswordFile, parseHtpasswd, parseUsers, type UserFile } from './passwords/htpasswd.js'
export { type Role, roles } from './passwords/roles.js'
export { type Credentials, type SignedIn, SignIn } from './passwords/sign-in.js'
