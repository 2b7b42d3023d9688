import { DistError } from '@dist/errdefs'
import { formatLocator, parseLocator } from '@dist/reference'
import { ApiError } from './api-error.js'

/** What decides, beside its path, which repository of the store a request means. */
export interface NameContext {
  /** The value of `ns`: the registry whose mirror the client takes this server for. */
  readonly ns?: string | undefined
  /** The `Host` header. */
  readonly host?: string | undefined
  /** The registry of names without a host: docker's `registry-mirrors` sends no `ns`. */
  readonly defaultRegistry?: string | undefined
}

/**
 * The repository of the store that the name in a path means. With `ns` it is the one at that registry. Without it the first part of
 * the name is the host, with an underscore for the colon of a port. A name without a host is one at the default registry, or one of
 * the server's own: at the host as which the client knows the server. Throws an `ApiError`: `NAME_INVALID`, or `NAME_UNKNOWN` where
 * no registry is known.
 */
export function repositoryNamed(name: string, { ns, host, defaultRegistry }: NameContext): string {
  if (ns !== undefined) return atRegistry(name, ns)
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : hostOf(name.slice(0, slash))
  if (first !== '') return fullName(`${first}${name.slice(slash)}`)
  if (defaultRegistry !== undefined) return fullName(`${defaultRegistry}/${name}`)
  return ownName(name, host ?? '')
}

/** The name under which a path addresses a repository of the store; undefined where no path can. */
export function pathName(repository: string): string | undefined {
  const name = repository.replace(/^([^/]+):(\d+)\//, '$1_$2/')
  const [first = ''] = name.split('/', 1)
  return /^[a-z0-9._/-]+$/.test(name) && hostOf(first) !== '' ? name : undefined
}

/** The client sends `ns` as well where the URL of a mirror ends in the host already. */
function atRegistry(name: string, ns: string): string {
  const registry = parsedHost(ns)
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : hostOf(name.slice(0, slash))
  if (first !== '' && parsedHost(first) === registry) return fullName(`${registry}${name.slice(slash)}`)
  return fullName(`${registry}/${name}`)
}

/** The host that the first part of a name stands for: `10.0.0.7_5000` is `10.0.0.7:5000`. Empty for other parts. */
function hostOf(part: string): string {
  const [, name, port] = /^(.+)_(\d{1,5})$/.exec(part) ?? []
  if (name !== undefined) return `${name}:${port}`
  return part === 'localhost' || part.includes('.') ? part : ''
}

function ownName(name: string, host: string): string {
  const problem = 'the name has no host: <host>/<repository> is expected'
  try {
    const locator = parseLocator(`${host}/${name}`)
    if (locator.host === host.toLowerCase()) return formatLocator(locator)
  } catch (cause) {
    if (cause instanceof DistError) throw new ApiError('NAME_UNKNOWN', problem, { cause })
    throw cause
  }
  throw new ApiError('NAME_UNKNOWN', problem)
}

function parsedHost(text: string): string {
  const problem = 'ns is not the host of a registry'
  const host = fullName(`${text}/x/x`, problem).slice(0, -'/x/x'.length)
  // Text that is no host would be a part of the path.
  if (text.includes('/') || host.includes('/')) throw new ApiError('NAME_INVALID', problem)
  return host
}

function fullName(text: string, problem = 'the name is not that of a repository'): string {
  try {
    return formatLocator(parseLocator(text))
  } catch (cause) {
    if (!(cause instanceof DistError)) throw cause
    throw new ApiError('NAME_INVALID', problem, { cause })
  }
}
