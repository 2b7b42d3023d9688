/** What a token allows, each with what comes before it: to look; to submit, retry and cancel runs; everything. */
export const scopes = ['read', 'submit', 'admin'] as const

export type Scope = (typeof scopes)[number]

/** Whether what has a scope may do what needs another one. */
export function allows(has: Scope, needs: Scope): boolean {
  return scopes.indexOf(has) >= scopes.indexOf(needs)
}

/** A token as users see it: without its secret, which is not kept. */
export interface TokenInfo {
  readonly id: string
  readonly scope: Scope
  /** What its user has called it. */
  readonly name?: string | undefined
  readonly createdAt: Date
  readonly expiresAt: Date
}

export interface TokenRequest {
  readonly scope: Scope
  /** Milliseconds. */
  readonly lifetime: number
  readonly name?: string | undefined
}

/** The tokens by which programs use the API. All that share a queue see the same ones. */
export interface Tokens {
  /** Resolves to the token itself, which cannot be shown again. */
  create(request: TokenRequest): Promise<{ readonly token: string; readonly info: TokenInfo }>
  /** Those that have not expired, the newest first. */
  list(): Promise<TokenInfo[]>
  /** The token is refused from now on. `NOT_FOUND`. */
  revoke(id: string): Promise<void>
  /** What a token allows. Undefined for one that is not valid: unknown, revoked or expired. */
  find(token: string): Promise<TokenInfo | undefined>
  /** Another value than before: Redis has lost tokens. Undefined while there has never been one. */
  epoch(): Promise<string | undefined>
}
