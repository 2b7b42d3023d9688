/** What somebody may prove who they are with. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Exchanged for access tokens by the OAuth refresh-token form. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent as it is, as a bearer token. */
  | { readonly kind: 'registry'; readonly token: string }

/** Finds the credential for a registry's host (`registry-1.docker.io`, `127.0.0.1:5000`). */
export type Credentials = (host: string) => Promise<Credential | undefined>

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}
