import type { Credentials } from './passwords/sign-in.js'

/** What a request carries to prove who sends it. `other`: something that is not understood. */
export type Authorization =
  | { readonly kind: 'none' | 'other' }
  | { readonly kind: 'basic'; readonly credentials: Credentials }
  | { readonly kind: 'bearer'; readonly token: string }

/** Reads the header `Authorization` (RFC 7617, RFC 6750). */
export function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined || header === '') return { kind: 'none' }
  const [, scheme = '', value = ''] = /^(\w+) +([A-Za-z0-9._~+/=-]+)$/.exec(header) ?? []
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', token: value }
  if (scheme.toLowerCase() !== 'basic') return { kind: 'other' }
  const text = Buffer.from(value, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return { kind: 'other' }
  return { kind: 'basic', credentials: { user: text.slice(0, colon), password: text.slice(colon + 1) } }
}
