import { isIPv4, isIPv6 } from 'node:net'
import { DistError, hasUserinfo, sanitize, withoutUserinfo } from '@dist/errdefs'
import { isDigest } from '@dist/oci'

/** A repository at a host, without scheme: `docker.io` and `library/alpine`. */
export interface Locator {
  /** Host and port as the user writes them; Docker Hub is always `docker.io`. */
  readonly host: string
  readonly repository: string
}

// distribution/reference: lowercase components; separators inside one are a single dot, one or two underscores,
// or any run of dashes.
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const domainName =
  /^(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*$/
// No zone and no dotted part, as in distribution/reference.
const ipv6 = /^\[[0-9a-fA-F:]+\]$/
const maxRepositoryLength = 255

/** Parses host and path without scheme: `docker.io/library/alpine`. No tag, no digest. Throws `INVALID_ARGUMENT`. */
export function parseLocator(text: string): Locator {
  checkUserinfo(text)
  const name = text.slice(text.lastIndexOf('/') + 1)
  if (text.includes('@') || (name.includes(':') && text.includes('/'))) {
    throw invalid(text, 'expected a repository without tag or digest')
  }
  return parseRepository(text, text)
}

export function formatLocator(locator: Locator): string {
  return `${locator.host}/${locator.repository}`
}

/**
 * Parses the prefix of repositories: a host with or without a path (`registry.example.com/mirror`). Without a path the
 * repository is empty. Throws `INVALID_ARGUMENT`.
 */
export function parsePrefix(text: string): Locator {
  const [first = ''] = text.split('/', 1)
  if (text.includes('://')) throw invalidPrefix(text, 'remove the scheme: expected host/path')
  if (text.includes('@')) throw invalidPrefix(text, 'credentials and digests are not allowed')
  if (!namesHost(first)) throw invalidPrefix(text, 'it must begin with the host of a registry')
  if (text.slice(first.length).includes(':'))
    throw invalidPrefix(text, 'tags are not allowed: the images keep their own')
  if (text.length > first.length) {
    const { host } = parseRepository(text, text)
    return { host, repository: text.slice(first.length + 1) }
  }
  return { host: parseRepository(`${text}/x`, text).host, repository: '' }
}

/** Formats a prefix as `parsePrefix` parses it. */
export function formatPrefix({ host, repository }: Locator): string {
  return repository === '' ? host : `${host}/${repository}`
}

/** Splits host and path as docker does, and checks both. `whole` is quoted in errors. */
export function parseRepository(text: string, whole: string): Locator {
  if (text.includes('://')) throw invalid(whole, 'remove the scheme: expected host/repository:tag')
  const slash = text.indexOf('/')
  const first = slash < 0 ? '' : text.slice(0, slash)
  const hasHost = namesHost(first)
  const host = hasHost ? canonicalHost(first, whole) : 'docker.io'
  const path = hasHost ? text.slice(slash + 1) : text
  if (!hasHost && (/^[0-9a-f]{64}$/.test(whole) || isDigest(whole)))
    throw invalid(whole, 'a digest alone is not a name: expected repository@sha256:<digest>')
  checkPath(path, whole)
  const repository = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path
  if (repository.length > maxRepositoryLength)
    throw invalid(whole, `the repository exceeds the limit of ${maxRepositoryLength} bytes`)
  return { host, repository }
}

/** Whether the text before the first slash is a host, by docker's rules. */
export function namesHost(first: string): boolean {
  return first === 'localhost' || /[.:A-Z[]/.test(first)
}

/** Whether a name of a list is that of a repository at a host: it may become part of URLs and paths. */
export function isRepository(text: string): boolean {
  return text.length <= maxRepositoryLength && text.split('/').every((part) => component.test(part))
}

function canonicalHost(host: string, whole: string): string {
  const colon = host.endsWith(']') ? -1 : host.lastIndexOf(':')
  const name = colon < 0 ? host : host.slice(0, colon)
  const port = colon < 0 ? undefined : host.slice(colon + 1)
  if (host.length > 255 || !isHostName(name)) throw invalid(whole, `"${sanitize(host, 100)}" is not a host`)
  if (port !== undefined && !(/^[0-9]{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65536)) {
    throw invalid(whole, `"${sanitize(port, 20)}" is not a port`)
  }
  const lower = host.toLowerCase()
  // "Foo" is a host only because of its uppercase letter: in lowercase it would be a part of the path.
  if (!namesHost(lower)) return host
  return lower === 'index.docker.io' || lower === 'registry-1.docker.io' ? 'docker.io' : lower
}

function isHostName(name: string): boolean {
  if (name.startsWith('[')) return ipv6.test(name) && isIPv6(name.slice(1, -1))
  if (!domainName.test(name)) return false
  // URLs take a name that ends in a number for an IPv4 address: "127.1" and "0x7f000001" would be 127.0.0.1.
  if (/(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)$/.test(name)) return isIPv4(name)
  return URL.canParse(`https://${name}`)
}

function checkPath(path: string, whole: string): void {
  if (path === '') throw invalid(whole, 'the repository is missing')
  for (const part of path.split('/')) {
    if (component.test(part)) continue
    if (component.test(part.toLowerCase()))
      throw invalid(whole, `the repository must be lowercase ("${sanitize(part, 60)}")`)
    throw invalid(whole, `"${sanitize(part, 60)}" is not allowed in a repository name`)
  }
}

function invalidPrefix(text: string, what: string): DistError {
  const shown = quoteReference(text)
  return new DistError('INVALID_ARGUMENT', `"${shown}" is not a valid destination: ${what}`)
}

/** Throws `INVALID_ARGUMENT` for a user or password before the host. */
export function checkUserinfo(text: string): void {
  if (!hasUserinfo(text)) return
  const what =
    'user and password are not allowed (use docker login, or --authfile), and "@" must be followed by a digest'
  throw invalid(text, what)
}

/** A reference as the user typed it, for messages: sanitized, without a password. */
export function quoteReference(text: string): string {
  return sanitize(withoutUserinfo(text), 150)
}

function invalid(text: string, what: string): DistError {
  return new DistError('INVALID_ARGUMENT', `"${quoteReference(text)}" is not a valid reference: ${what}`)
}
