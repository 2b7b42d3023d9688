import { DistError, hasCode, redactUrl, sanitize } from '@dist/errdefs'
import type { AddressKind } from '@dist/remotes'
import { type Endpoint, hostsFileAdvice } from '../endpoint.js'
import type { Authorizer, Scope } from './authorizer.js'
import type { Challenge } from './challenge.js'
import { findChallenge } from './challenges.js'
import { basicAuthorization, type Credential, type Credentials } from './credential.js'
import { mayHaveCredentials, realmRefusal } from './realm.js'
import { fetchToken, type Grant, type TokenOptions } from './token.js'

export interface AuthorizerOptions extends TokenOptions {
  /** Default: nobody has any. */
  readonly credentials?: Credentials | undefined
}

/** Answers the challenges that registries give, never one that it made up, and keeps tokens while they are good. */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  return new RegistryAuthorizer(options)
}

class RegistryAuthorizer implements Authorizer {
  /** By endpoint: how it wants to be asked. Known after the first 401. */
  readonly #challenges = new Map<string, Challenge>()
  /** By endpoint, service, scope and credential. */
  readonly #grants = new Map<string, Grant>()
  /** By the same: what was kept back. */
  readonly #withheld = new Map<string, string>()
  readonly #refreshing = new Map<string, Promise<string>>()
  /** By host and repository. */
  readonly #credentials = new Map<string, Promise<Credential | undefined>>()
  /** Hosts whose last credential was of no use: the next one is looked for anew. */
  readonly #doubted = new Set<string>()

  constructor(private readonly options: AuthorizerOptions) {}

  async authorization(endpoint: Endpoint, scope: Scope): Promise<string | undefined> {
    const challenge = this.#challenges.get(endpoint.url)
    if (challenge === undefined) return undefined
    const grant = this.#grants.get(grantKey(endpoint, scope))
    if (grant !== undefined && grant.expiresAt > Date.now()) return grant.authorization
    return this.#refresh(endpoint, scope, challenge)
  }

  async challenged(
    endpoint: Endpoint,
    scope: Scope,
    headers: readonly string[],
    rejected: string | undefined,
    reached?: AddressKind,
  ): Promise<string> {
    if (reached !== undefined) this.options.agents.met(endpoint, reached)
    const key = grantKey(endpoint, scope)
    const grant = this.#grants.get(key)
    if (grant !== undefined && grant.authorization !== rejected) return grant.authorization
    const running = this.#refreshing.get(key)
    if (running !== undefined) return running
    return this.#shared(key, async () => {
      this.#grants.delete(key)
      // It was the credential itself that was refused: passwords of helpers are good for some hours only.
      if (grant?.expiresAt === Number.POSITIVE_INFINITY) {
        const registry = new URL(endpoint.url)
        this.#doubt(registry.host, repositoryAt(registry, scope))
      }
      const challenge = await findChallenge(endpoint, headers, this.options)
      this.#challenges.set(endpoint.url, challenge)
      return this.#grant(endpoint, scope, challenge)
    })
  }

  async withheld(endpoint: Endpoint, scope: Scope): Promise<string | undefined> {
    return this.#withheld.get(grantKey(endpoint, scope))
  }

  #refresh(endpoint: Endpoint, scope: Scope, challenge: Challenge): Promise<string> {
    return this.#shared(grantKey(endpoint, scope), () => this.#grant(endpoint, scope, challenge))
  }

  /** Everybody who waits for the same grant waits for one request. */
  #shared(key: string, make: () => Promise<string>): Promise<string> {
    const running = this.#refreshing.get(key)
    if (running !== undefined) return running
    const made = make().finally(() => this.#refreshing.delete(key))
    this.#refreshing.set(key, made)
    return made
  }

  async #grant(endpoint: Endpoint, scope: Scope, challenge: Challenge): Promise<string> {
    const registry = new URL(endpoint.url)
    const repository = repositoryAt(registry, scope)
    const credential = await this.#credential(registry.host, repository)
    try {
      const grant =
        challenge.scheme === 'basic'
          ? basicGrant(credential, registry.host)
          : await this.#bearerGrant(endpoint, registry, scope, challenge, credential)
      this.#grants.set(grantKey(endpoint, scope), grant)
      return grant.authorization
    } catch (error) {
      // A credential that was changed meanwhile is read anew by the next who asks.
      this.#doubt(registry.host, repository)
      throw error
    }
  }

  async #bearerGrant(
    endpoint: Endpoint,
    registry: URL,
    scope: Scope,
    challenge: Challenge,
    credential: Credential | undefined,
  ): Promise<Grant> {
    if (credential?.kind === 'registry')
      return { authorization: `Bearer ${credential.token}`, expiresAt: Number.POSITIVE_INFINITY }
    const realm = checkedRealm(challenge.params.realm ?? '', registry)
    const own = mayHaveCredentials(realm, endpoint) ? credential : undefined
    const kept = own === credential ? undefined : withheldFrom(realm, endpoint)
    if (kept !== undefined) this.#withheld.set(grantKey(endpoint, scope), kept)
    try {
      const { service } = challenge.params
      return await fetchToken({ endpoint, realm, service, scope, credential: own }, this.options)
    } catch (error) {
      if (kept === undefined || !hasCode(error, 'UNAUTHENTICATED')) throw error
      throw new DistError('UNAUTHENTICATED', `${(error as DistError).message}; ${kept}`, { cause: error })
    }
  }

  #doubt(host: string, repository: string): void {
    this.#credentials.delete(`${host}/${repository}`)
    this.#doubted.add(host)
  }

  #credential(host: string, repository: string): Promise<Credential | undefined> {
    const key = `${host}/${repository}`
    const known = this.#credentials.get(key)
    if (known !== undefined) return known
    const fresh = this.#doubted.delete(host)
    const found = this.options.credentials?.(host, { repository, fresh }) ?? Promise.resolve(undefined)
    this.#credentials.set(key, found)
    // A failed look-up is not kept, or a locked keychain would stay locked for ever.
    found.catch(() => this.#credentials.delete(key))
    return found
  }
}

/** The repository that a scope is for, as it stands behind the host: a mirror may have it below a path of its own. */
function repositoryAt(registry: URL, scope: Scope): string {
  const base = registry.pathname.replace(/^\/v2(?=\/|$)/, '').replace(/\/v2$/, '')
  const [, repository = ''] = /^repository:([^:]+):/.exec(scope) ?? []
  return `${base}/${repository}`.replace(/^\/+|\/+$/g, '')
}

function basicGrant(credential: Credential | undefined, host: string): Grant {
  if (credential?.kind !== 'password')
    throw new DistError('UNAUTHENTICATED', `${host} wants a user and a password: log in to it first`)
  const authorization = basicAuthorization(credential.username, credential.password)
  return { authorization, expiresAt: Number.POSITIVE_INFINITY }
}

function checkedRealm(text: string, registry: URL): URL {
  if (!URL.canParse(text)) throw refused(registry, '(malformed URL)', 'is no URL')
  const realm = new URL(text)
  const why = realmRefusal(realm, registry)
  if (why !== undefined) throw refused(registry, sanitize(redactUrl(realm), 300), why)
  return realm
}

function refused(registry: URL, realm: string, why: string): DistError {
  return new DistError(
    'PERMISSION_DENIED',
    `${registry.host} names the token server ${realm}, which ${why}: not asked`,
  )
}

function withheldFrom(realm: URL, endpoint: Endpoint): string {
  const { host } = new URL(endpoint.url)
  const advice = hostsFileAdvice(endpoint, `realms = ["${realm.host}"]`)
  return `the credentials for ${host} were not sent to ${realm.host}, whose domain is another: if that is right, ${advice}`
}

function grantKey(endpoint: Endpoint, scope: Scope): string {
  return `${endpoint.url} ${scope}`
}
