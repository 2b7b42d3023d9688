import { type Scope, scopes } from '@dist/runs'
import { type Role, roles } from '@dist/sign-in'

/** Roles allow what the scopes of tokens allow, in the same order. */
export function scopeOf(role: Role): Scope {
  return scopes[roles.indexOf(role)] ?? 'read'
}

export function roleOf(scope: Scope): Role {
  return roles[scopes.indexOf(scope)] ?? 'viewer'
}
