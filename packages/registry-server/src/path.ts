import { type Digest, isDigest, parseDigest } from '@dist/oci'
import { isTag } from '@dist/reference'
import { ApiError } from './api-error.js'

/** What a request addresses. `name` is the name in the path: `docker.io/library/alpine`. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: TagOrDigest }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: Digest }

export type RouteKind = Route['kind']

/** A tag, or a digest. */
export type TagOrDigest = { readonly tag: string } | { readonly digest: Digest }

/** A path and the query behind it, without the `?`. */
export interface Target {
  readonly path: string
  readonly query: string
}

/** Longer than any name: a host of 255 characters, and a repository of 255. */
const maxNameLength = 511
// The name is checked by the grammar of references. Here it only has no character that means something in a URL.
const grammar = /^\/v2\/([a-z0-9._/-]+)\/(?:(tags)\/list|(manifests|blobs|referrers)\/([^/]+))$/

/** Splits the target of a request, which may have a scheme and a host (RFC 9112, "absolute-form"). */
export function splitTarget(url: string): Target {
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '')
  const question = target.indexOf('?')
  return question < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, question), query: target.slice(question + 1) }
}

/**
 * Parses the path of a request as it was sent: nothing in a name is decoded, so that no encoding of a slash or a dot can pass as
 * another name. Throws an `ApiError`: `NAME_INVALID`, `DIGEST_INVALID`, `MANIFEST_UNKNOWN` for what cannot be a tag, and
 * `NOT_FOUND` for another path.
 */
export function parsePath(path: string): Route {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' }
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  const [, name, tags, kind, last = ''] = grammar.exec(path) ?? []
  if (name === undefined) throw notServed(path)
  if (name.length > maxNameLength) throw new ApiError('NAME_INVALID', 'the name is too long')
  if (tags !== undefined) return { kind: 'tags', name }
  if (kind === 'manifests') return { kind: 'manifest', name, reference: parseReference(decode(last)) }
  return { kind: kind === 'blobs' ? 'blob' : 'referrers', name, digest: digestIn(decode(last)) }
}

function notServed(path: string): ApiError {
  if (/^\/v2\/.*\/(?:tags\/list|(?:manifests|blobs|referrers)\/[^/]+)$/.test(path))
    return new ApiError('NAME_INVALID', 'the name is not that of a repository')
  return new ApiError('NOT_FOUND', 'there is nothing at this path')
}

function parseReference(text: string): TagOrDigest {
  if (text.includes(':')) return { digest: digestIn(text) }
  if (isTag(text)) return { tag: text }
  throw new ApiError('MANIFEST_UNKNOWN', 'there is no such manifest: this is neither a tag nor a digest')
}

function digestIn(text: string): Digest {
  if (isDigest(text)) return parseDigest(text)
  throw new ApiError('DIGEST_INVALID', 'sha256:<64 hex digits> or sha512:<128 hex digits> is expected')
}

/** Some clients encode the colon of a digest. */
function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
