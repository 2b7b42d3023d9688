import { DistError, sanitize } from '@dist/errdefs'
import { hasChildren, isSchema1Type } from '@dist/oci'

/** A guess at the type of an object. Orders the paths that are tried, and excludes none. */
export type Hint =
  | { readonly kind: 'mediatype'; readonly value: string }
  | { readonly kind: 'type'; readonly value: ObjectType }

export type ObjectType = 'manifest' | 'blob'

/** Reads `mediatype:<media type>`, `type:manifest` or `type:blob`. Throws `INVALID_ARGUMENT`. */
export function parseHint(text: string): Hint {
  const colon = text.indexOf(':')
  const kind = text.slice(0, Math.max(colon, 0))
  const value = text.slice(colon + 1)
  if (kind === 'mediatype' && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(value)) return { kind, value }
  if (kind === 'type' && (value === 'manifest' || value === 'blob')) return { kind, value }
  throw new DistError(
    'INVALID_ARGUMENT',
    `"${sanitize(text, 100)}" is not a hint: expected mediatype:<type>, type:manifest or type:blob`,
  )
}

/** The types that an object may have, most likely first, each once. */
export function likelyTypes(object: string, hints: readonly Hint[]): readonly ObjectType[] {
  // Only manifests have tags.
  if (!object.includes(':')) return ['manifest']
  const types = hints.map((hint) => (hint.kind === 'type' ? hint.value : typeOf(hint.value)))
  return [...new Set<ObjectType>([...types, 'manifest', 'blob'])]
}

function typeOf(mediaType: string): ObjectType {
  return hasChildren(mediaType) || isSchema1Type(mediaType) ? 'manifest' : 'blob'
}
