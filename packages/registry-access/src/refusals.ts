import type { Refusal } from '@dist/registry-server'

/** Credentials are missing or wrong. `challenge`: the value of `WWW-Authenticate`. */
export function unauthorized(message: string, challenge: string): Refusal {
  return {
    allowed: false,
    status: 401,
    code: 'UNAUTHORIZED',
    message,
    headers: { 'www-authenticate': challenge },
  }
}

export function denied(message: string): Refusal {
  return { allowed: false, status: 403, code: 'DENIED', message }
}

/** `seconds`: after which the client may ask again. */
export function tooMany(message: string, seconds: number): Refusal {
  return {
    allowed: false,
    status: 429,
    code: 'TOOMANYREQUESTS',
    message,
    headers: { 'retry-after': String(seconds) },
  }
}

/** The answer to a client that signs in too often, or while many others do. */
export function waitToSignIn(seconds: number): Refusal {
  return tooMany('too many attempts to sign in: wait', seconds)
}
