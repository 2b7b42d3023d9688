import { sanitize } from '@dist/errdefs'

/** A credential of a user. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Exchanged for access tokens by the OAuth refresh-token form. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent as it is, as a bearer token. */
  | { readonly kind: 'registry'; readonly token: string }

export interface CredentialsOptions {
  /** The repository (`team-a/app`): it may have another credential than its host. Default: the host alone. */
  readonly repository?: string | undefined
  /** The last credential was refused: cached answers are not used. Default: false. */
  readonly fresh?: boolean | undefined
}

/** Finds the credential for a registry's host (`registry-1.docker.io`, `127.0.0.1:5000`), or for one of its repositories. */
export type Credentials = (host: string, options?: CredentialsOptions) => Promise<Credential | undefined>

/** The user of a Basic `Authorization`, for messages. Undefined for other schemes. */
export function userOf(authorization: string | undefined): string | undefined {
  const [, encoded] = /^Basic (.+)$/.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  return quoteUser(Buffer.from(encoded, 'base64').toString('utf8').replace(/:.*$/s, ''))
}

/** A user's name, quoted, bounded and escaped. */
export function quoteUser(username: string): string {
  return `"${sanitize(username, 60)}"`
}

/** The secrets of an `Authorization`, in all forms in which a server may repeat them. */
export function secretsIn(authorization: string | undefined): readonly string[] {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ', 2)
  if (scheme.toLowerCase() !== 'basic') return [value]
  const text = Buffer.from(value, 'base64').toString('utf8')
  return [value, text, text.slice(text.indexOf(':') + 1)]
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}
