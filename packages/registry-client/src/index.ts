export type { Authorizer } from './auth/authorizer.js'
export type { Credentials } from './auth/credential.js'
export { hostsFromDirectories, unlistedHost } from './config/directories.js'
export { dockerCredentials, passwordOrToken } from './config/docker-config.js'
export { openRegistriesConf, type RegistriesConf } from './config/registries-conf/registries-conf.js'
export {
  eraseCredential,
  type StoredCredential,
  storeCredential,
} from './config/store-credential.js'
export { defaultEndpoint, type Endpoint, type TlsMaterial } from './endpoint.js'
export type { BytesListener, RequestEvent } from './http/exchange.js'
export { createWebhooks, type Webhook, type Webhooks } from './http/post.js'
export {
  createProxySelector,
  type ProxySelector,
  type ProxyServer,
  type ProxySettings,
} from './http/proxy.js'
export { proxyError } from './http/proxy-errors.js'
export { createRegistry, type Registry, type RegistryOptions } from './registry.js'
export { createRepository } from './repository.js'
export { registryItself } from './request/endpoints.js'
export { createTransport } from './transport.js'
