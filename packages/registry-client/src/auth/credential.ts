import { sanitize } from '@dist/errdefs'

/** What somebody may prove who they are with. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Exchanged for access tokens by the OAuth refresh-token form. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent as it is, as a bearer token. */
  | { readonly kind: 'registry'; readonly token: string }

export interface CredentialsOptions {
  /** What it is wanted for (`team-a/app`): there may be others than for the rest of the host. Default: the host. */
  readonly repository?: string | undefined
  /** The last one was of no use: nothing that is remembered counts. Default: false. */
  readonly fresh?: boolean | undefined
}

/** Finds the credential for a registry's host (`registry-1.docker.io`, `127.0.0.1:5000`), or for a repository of it. */
export type Credentials = (host: string, options?: CredentialsOptions) => Promise<Credential | undefined>

/** The user that an `Authorization` is of, fit to be shown, where it tells one. */
export function userOf(authorization: string | undefined): string | undefined {
  const [, encoded] = /^Basic (.+)$/.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  return shownUser(Buffer.from(encoded, 'base64').toString('utf8').replace(/:.*$/s, ''))
}

/** A user's name, bounded and escaped. */
export function shownUser(username: string): string {
  return `"${sanitize(username, 60)}"`
}

/** What of an `Authorization` must not be shown, in all forms in which it may come back. */
export function secretsIn(authorization: string | undefined): readonly string[] {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ', 2)
  if (scheme.toLowerCase() !== 'basic') return [value]
  const text = Buffer.from(value, 'base64').toString('utf8')
  return [value, text, text.slice(text.indexOf(':') + 1)]
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}
