import { DistError } from '@dist/errdefs'
import type { AddressKind } from '@dist/remotes'
import type { Endpoint } from '../endpoint.js'

/** The scope of an authorization: `repository:library/alpine:pull`; several are separated by spaces. */
export type Scope = string

export function pullScope(repository: string): Scope {
  return `repository:${repository}:pull`
}

export function pushScope(repository: string): Scope {
  return `repository:${repository}:pull,push`
}

/** Pushes to one repository, and mounts from another. */
export function mountScope(repository: string, from: string): Scope {
  return `${pushScope(repository)} ${pullScope(from)}`
}

/**
 * Obtains authorizations. Separate from the transfers, so that tokens and credentials stay in one thread while other
 * threads transfer bytes: all arguments and results can be sent between threads.
 */
export interface Authorizer {
  /** The `Authorization` to send. Undefined: none is known to be needed. */
  authorization(endpoint: Endpoint, scope: Scope): Promise<string | undefined>
  /**
   * A new `Authorization` after a 401 with these `WWW-Authenticate` headers. `rejected` is the one that was sent; if a newer
   * one exists or is being requested, all callers share it (R8). `reached` is the kind of the endpoint's address, for calls
   * from another thread. Throws `UNAUTHENTICATED`, `UNAVAILABLE`, `MALFORMED`, and `PERMISSION_DENIED` for a forbidden realm.
   */
  challenged(
    endpoint: Endpoint,
    scope: Scope,
    challenges: readonly string[],
    rejected: string | undefined,
    reached?: AddressKind,
  ): Promise<string>
  /** Advice for a refused authorization: credentials were withheld, and how to allow them. Undefined: none were. */
  withheld(endpoint: Endpoint, scope: Scope): Promise<string | undefined>
  /** Stands for the credential that a host has taken; contains no secret. Undefined: none, or not known in this thread. */
  accountOf(host: string): string | undefined
}

/** Has no credentials: a 401 is an error. */
export const anonymous: Authorizer = {
  authorization: async () => undefined,
  withheld: async () => undefined,
  accountOf: () => undefined,
  challenged: async ({ url }) => {
    throw new DistError(
      'UNAUTHENTICATED',
      `${new URL(url).host} requires a login (401), and no authorizer is configured`,
    )
  },
}
