import { DistError, sanitize } from '@dist/errdefs'
import {
  formatLocator,
  formatReference,
  type Locator,
  parseLocator,
  parsePrefix,
  parseReference,
  type Reference,
} from '@dist/reference'
import { compilePathGlob } from '../select/pattern.js'

/** Where images come from: one image, a repository, or the repositories that match a pattern. */
export type Source =
  | { readonly kind: 'image'; readonly reference: Reference }
  | { readonly kind: 'repository'; readonly locator: Locator }
  | { readonly kind: 'pattern'; readonly host: string; readonly pattern: string }

/**
 * Reads `from`: `alpine:3.20` and `quay.io/a/b@sha256:...` are images, `quay.io/a/b` is a repository, `quay.io/a/**` a pattern
 * (see `compilePathGlob`), which needs the host. Throws `INVALID_ARGUMENT`.
 */
export function parseSource(text: string): Source {
  const slash = text.indexOf('/')
  const path = text.slice(slash + 1)
  if (/[*?[]/.test(slash < 0 ? text.replace(/^\[/, '') : path)) return parsePattern(text, slash)
  const beforeDigest = text.split('@', 1)[0] ?? ''
  const name = beforeDigest.slice(beforeDigest.lastIndexOf('/') + 1)
  if (slash < 0) refuseRegistry(name.split(':', 1)[0] ?? '', text)
  if (text.includes('@') || name.includes(':')) return { kind: 'image', reference: parseReference(text) }
  return { kind: 'repository', locator: parseLocator(text) }
}

export function formatSource(source: Source): string {
  switch (source.kind) {
    case 'image':
      return formatReference(source.reference)
    case 'repository':
      return formatLocator(source.locator)
    case 'pattern':
      return `${source.host}/${source.pattern}`
  }
}

function parsePattern(text: string, slash: number): Source {
  if (slash < 0)
    throw invalid(
      text,
      'a pattern begins with the host of its registry, such as registry.example.com/team/**',
    )
  const pattern = text.slice(slash + 1)
  if (/[@:]/.test(pattern))
    throw invalid(text, 'a pattern has neither tag nor digest: select tags with "tags"')
  if (!/^[a-z0-9._/*?[\]!-]+$/.test(pattern)) throw invalid(text, 'the names of repositories are lowercase')
  compilePathGlob(pattern)
  return { kind: 'pattern', host: parsePrefix(text.slice(0, slash)).host, pattern }
}

/** A host alone would be taken for an image of Docker Hub. */
function refuseRegistry(name: string, text: string): void {
  if (name !== 'localhost' && !name.includes('.')) return
  const host = sanitize(text, 100)
  throw invalid(text, `a repository is missing; "${host}/**" means all repositories of a registry`)
}

function invalid(text: string, what: string): DistError {
  return new DistError('INVALID_ARGUMENT', `"${sanitize(text, 150)}" is not a source: ${what}`)
}
