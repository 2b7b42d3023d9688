import { createHash } from 'node:crypto'
import { DistError, hasCode, redactUrl, sanitize } from '@dist/errdefs'
import type { AddressKind } from '@dist/remotes'
import { type Endpoint, hostsFileAdvice } from '../endpoint.js'
import type { Authorizer, Scope } from './authorizer.js'
import type { Challenge } from './challenge.js'
import { findChallenge } from './challenges.js'
import { basicAuthorization, type Credential, type Credentials } from './credential.js'
import { mayHaveCredentials, realmRefusal } from './realm.js'
import { defaultLoginAdvice, fetchToken, type Grant, type TokenOptions } from './token.js'

export interface AuthorizerOptions extends TokenOptions {
  /** Default: no host has credentials. */
  readonly credentials?: Credentials | undefined
}

/** Answers the challenges of registries, and caches tokens until they expire. */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  return new RegistryAuthorizer(options)
}

class RegistryAuthorizer implements Authorizer {
  /** By endpoint; known after the first 401. */
  readonly #challenges = new Map<string, Challenge>()
  /** By endpoint and scope. */
  readonly #grants = new Map<string, Grant>()
  /** By endpoint and scope: the advice for withheld credentials. */
  readonly #withheld = new Map<string, string>()
  readonly #refreshing = new Map<string, Promise<string>>()
  /** By host and repository. */
  readonly #credentials = new Map<string, Promise<Credential | undefined>>()
  /** Hosts whose last credential was refused: the next look-up bypasses caches. */
  readonly #doubted = new Set<string>()
  /** By host. */
  readonly #accounts = new Map<string, string>()

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
    if (reached !== undefined) this.options.agents.recordReached(endpoint, reached)
    const key = grantKey(endpoint, scope)
    const grant = this.#grants.get(key)
    if (grant !== undefined && grant.authorization !== rejected) return grant.authorization
    const running = this.#refreshing.get(key)
    if (running !== undefined) return running
    return this.#share(key, async () => {
      this.#grants.delete(key)
      // The credential itself was refused: passwords of credential helpers expire after some hours.
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

  accountOf(host: string): string | undefined {
    return this.#accounts.get(host)
  }

  #recordAccount(host: string, credential: Credential | undefined): void {
    if (credential === undefined) this.#accounts.delete(host)
    else this.#accounts.set(host, accountName(credential))
  }

  #refresh(endpoint: Endpoint, scope: Scope, challenge: Challenge): Promise<string> {
    return this.#share(grantKey(endpoint, scope), () => this.#grant(endpoint, scope, challenge))
  }

  /** Callers that need the same grant share one request. */
  #share(key: string, make: () => Promise<string>): Promise<string> {
    const running = this.#refreshing.get(key)
    if (running !== undefined) return running
    const made = make().finally(() => this.#refreshing.delete(key))
    this.#refreshing.set(key, made)
    return made
  }

  async #grant(endpoint: Endpoint, scope: Scope, challenge: Challenge, isFirst = true): Promise<string> {
    const registry = new URL(endpoint.url)
    const repository = repositoryAt(registry, scope)
    const isRemembered = this.#credentials.has(`${registry.host}/${repository}`)
    const credential = await this.#credential(registry.host, repository)
    try {
      const grant =
        challenge.scheme === 'basic'
          ? basicGrant(credential, registry.host, this.options.loginAdvice)
          : await this.#bearerGrant(endpoint, registry, scope, challenge, credential)
      this.#grants.set(grantKey(endpoint, scope), grant)
      this.#recordAccount(registry.host, credential)
      return grant.authorization
    } catch (error) {
      // The next look-up bypasses caches: the user may have changed the credential.
      this.#doubt(registry.host, repository)
      if (isFirst && isRemembered && hasCode(error, 'UNAUTHENTICATED'))
        return this.#grant(endpoint, scope, challenge, false)
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
    const own = (await mayHaveCredentials(realm, endpoint)) ? credential : undefined
    const advice = own === credential ? undefined : withheldAdvice(realm, endpoint)
    if (advice !== undefined) this.#withheld.set(grantKey(endpoint, scope), advice)
    try {
      const { service } = challenge.params
      return await fetchToken({ endpoint, realm, service, scope, credential: own }, this.options)
    } catch (error) {
      if (advice === undefined || !hasCode(error, 'UNAUTHENTICATED')) throw error
      throw new DistError('UNAUTHENTICATED', `${(error as DistError).message}; ${advice}`, { cause: error })
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
    // A failed look-up is not cached: a locked keychain may be unlocked.
    found.catch(() => this.#credentials.delete(key))
    return found
  }
}

/** The repository of a scope as a path at the host: a mirror may have a base path. */
function repositoryAt(registry: URL, scope: Scope): string {
  const base = registry.pathname.replace(/^\/v2(?=\/|$)/, '').replace(/\/v2$/, '')
  const [, repository = ''] = /^repository:([^:]+):/.exec(scope) ?? []
  return `${base}/${repository}`.replace(/^\/+|\/+$/g, '')
}

function basicGrant(credential: Credential | undefined, host: string, advice = defaultLoginAdvice): Grant {
  if (credential?.kind !== 'password')
    throw new DistError('UNAUTHENTICATED', `${host} requires user and password; ${advice}`)
  const authorization = basicAuthorization(credential.username, credential.password)
  return { authorization, expiresAt: Number.POSITIVE_INFINITY }
}

function checkedRealm(text: string, registry: URL): URL {
  if (!URL.canParse(text)) throw realmError(registry, '(malformed URL)', 'is not a URL')
  const realm = new URL(text)
  const why = realmRefusal(realm, registry)
  if (why !== undefined) throw realmError(registry, sanitize(redactUrl(realm), 300), why)
  return realm
}

function realmError(registry: URL, realm: string, why: string): DistError {
  return new DistError('PERMISSION_DENIED', `${registry.host}: token server ${realm} refused: it ${why}`)
}

function withheldAdvice(realm: URL, endpoint: Endpoint): string {
  const { host } = new URL(endpoint.url)
  const advice = hostsFileAdvice(endpoint, `realms = ["${realm.host}"]`)
  return `credentials for ${host} were not sent to ${realm.host}, which has another domain; to allow it, ${advice}`
}

function grantKey(endpoint: Endpoint, scope: Scope): string {
  return `${endpoint.url} ${scope}`
}

/** The account without its secret: a password may change. Of a token a part of its hash. */
function accountName(credential: Credential): string {
  const subject = credential.kind === 'password' ? `user ${credential.username}` : `token ${credential.token}`
  return createHash('sha256').update(subject).digest('hex').slice(0, 8)
}
