export { type Authorizer, anonymous, pullScope, type Scope } from './auth/authorizer.js'
export type { Credential, Credentials, CredentialsOptions } from './auth/credential.js'
export { type AuthorizerOptions, createAuthorizer } from './auth/registry-authorizer.js'
export type { RunHelper } from './config/credential-helper.js'
export { hostsFromDirectories } from './config/directories.js'
export { type DockerCredentialsOptions, dockerCredentials } from './config/docker-config.js'
export {
  eraseCredential,
  type StoredCredential,
  storeCredential,
} from './config/store-credential.js'
export { type Capability, defaultEndpoint, type Endpoint, type TlsMaterial } from './endpoint.js'
export { type Agents, type AgentsOptions, createAgents } from './http/agents.js'
export { defaultTimeouts, type RequestEvent, type Timeouts } from './http/exchange.js'
export type { Lookup } from './http/guard.js'
export {
  createProxySelector,
  type ProxySelector,
  type ProxyServer,
  type ProxySettings,
} from './http/proxy.js'
export { proxyError } from './http/proxy-errors.js'
export type { MinimumThroughput } from './http/throughput.js'
export { createRegistry, type Registry, type RegistryOptions } from './registry.js'
export { createRepository, type RepositoryOptions } from './repository.js'
export { defaultRetry, type RetryPolicy } from './request/retry.js'
export { createTransport, type Transport, type TransportOptions } from './transport.js'
