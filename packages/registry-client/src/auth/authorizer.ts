import { DistError } from '@dist/errdefs'
import type { AddressKind } from '@dist/remotes'
import type { Endpoint } from '../endpoint.js'

/** What a request to an endpoint may be authorised for: `repository:library/alpine:pull`; several, with spaces between. */
export type Scope = string

export function pullScope(repository: string): Scope {
  return `repository:${repository}:pull`
}

export function pushScope(repository: string): Scope {
  return `repository:${repository}:pull,push`
}

/** Pushing to one repository what another one has. */
export function mountScope(repository: string, from: string): Scope {
  return `${pushScope(repository)} ${pullScope(from)}`
}

/**
 * Knows how to be let in. It stands apart from the transfers, so that tokens and credentials can stay in one
 * thread while others carry the bytes: all that goes in and out can be sent between threads.
 */
export interface Authorizer {
  /** The `Authorization` to send, where it is known that one is needed. Undefined: ask without. */
  authorization(endpoint: Endpoint, scope: Scope): Promise<string | undefined>
  /**
   * A new `Authorization` after a 401 with these `WWW-Authenticate` headers. `rejected` is the one that was sent;
   * where a newer one is there already, or on its way, all who ask share it. `reached` is where the endpoint was reached, for
   * whoever asks from another thread. Throws `UNAUTHENTICATED`,
   * `UNAVAILABLE`, `MALFORMED`, `PERMISSION_DENIED` for a realm that must not be asked.
   */
  challenged(
    endpoint: Endpoint,
    scope: Scope,
    challenges: readonly string[],
    rejected: string | undefined,
    reached?: AddressKind,
  ): Promise<string>
  /** What is to be said where an authorization is refused: that credentials were kept back, and how to allow them. */
  withheld(endpoint: Endpoint, scope: Scope): Promise<string | undefined>
}

/** Knows nobody: a 401 stays one. */
export const anonymous: Authorizer = {
  authorization: async () => undefined,
  withheld: async () => undefined,
  challenged: async ({ url }) => {
    throw new DistError(
      'UNAUTHENTICATED',
      `${new URL(url).host} wants a login (401), and none is given to it`,
    )
  },
}
