import { DistError, sanitize } from '@dist/errdefs'
import { parsePrefix, parseReference, type Reference } from '@dist/reference'

/** Where images go: the store, or the names in a registry that a template makes. */
export type Destination = 'store' | Template

/** A template of names in one registry. Only its path and its tag have placeholders: the host is the author's choice. */
export interface Template {
  readonly host: string
  readonly path: string
  /** Undefined: the tag of the source. */
  readonly tag: string | undefined
}

const placeholders = ['registry', 'repository', 'name', 'tag'] as const

type Values = Readonly<Record<(typeof placeholders)[number], string | undefined>>

/**
 * Reads `to`: `store`, or `host/path[:tag]` with placeholders: `{registry}` is the host of the source (see `pathOfHost`),
 * `{repository}` its repository, `{name}` the last component of that, `{tag}` its tag. Throws `INVALID_ARGUMENT`.
 */
export function parseDestination(text: string): Destination {
  if (text === 'store') return text
  const slash = text.indexOf('/')
  if (slash < 0)
    throw invalid(
      text,
      'expected "store", or a registry and a path such as registry.example.com/{repository}',
    )
  const host = text.slice(0, slash)
  if (/[{}]/.test(host)) throw invalid(text, 'the host must not have a placeholder')
  const { host: canonical } = parsePrefix(host)
  const rest = text.slice(slash + 1)
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1)
  const [path, tag] = colon < 0 ? [rest, undefined] : [rest.slice(0, colon), rest.slice(colon + 1)]
  if (rest.includes('@')) throw invalid(text, 'a destination has no digest')
  const template = { host: canonical, path, tag }
  checkTemplate(text, template)
  return template
}

/** Whether the repositories of a pattern get different names. */
export function dependsOnRepository(destination: Destination): boolean {
  return destination === 'store' || /\{(?:repository|name)\}/.test(destination.path)
}

/**
 * The name that an image gets. An image without tag keeps its digest. Throws `INVALID_ARGUMENT` when the result is not a valid
 * reference, and for an image without tag when the template needs one.
 */
export function nameAt(template: Template, source: Reference): Reference {
  const values: Values = {
    registry: pathOfHost(source.host),
    repository: source.repository,
    name: source.repository.slice(source.repository.lastIndexOf('/') + 1),
    tag: source.tag,
  }
  const tag = template.tag === undefined ? source.tag : fill(template.tag, values)
  const repository = `${template.host}/${fill(template.path, values)}`
  const { host, repository: path } = parseReference(tag === undefined ? repository : `${repository}:${tag}`)
  return {
    host,
    repository: path,
    ...(tag === undefined ? {} : { tag }),
    ...(source.digest === undefined ? {} : { digest: source.digest }),
  }
}

/** A host as a part of a path: a colon becomes an underscore, the brackets of IPv6 are left out. */
function pathOfHost(host: string): string {
  return host.replace(/[[\]]/g, '').replaceAll(':', '_')
}

function fill(template: string, values: Values): string {
  return template.replace(/\{(\w+)\}/g, (_, name: keyof Values) => {
    const value = values[name]
    if (value !== undefined) return value
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(template, 100)}" needs a tag, and the image has a digest only`,
    )
  })
}

function checkTemplate(text: string, template: Template): void {
  for (const [whole, name = ''] of text.matchAll(/\{([^{}]*)\}?/g))
    if (!whole.endsWith('}') || !placeholders.some((each) => each === name)) {
      const allowed = placeholders.map((each) => `{${each}}`).join(', ')
      throw invalid(text, `"${sanitize(whole, 40)}" is not a placeholder: expected ${allowed}`)
    }
  // A source whose parts are valid everywhere.
  nameAt(template, { host: 'registry', repository: 'repository/name', tag: 'tag' })
}

function invalid(text: string, what: string): DistError {
  return new DistError('INVALID_ARGUMENT', `"${sanitize(text, 150)}" is not a destination: ${what}`)
}
