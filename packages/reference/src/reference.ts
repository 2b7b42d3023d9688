import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, parseDigest } from '@dist/oci'
import {
  checkUserinfo,
  formatLocator,
  type Locator,
  namesHost,
  parseRepository,
  quoteReference,
} from './locator.js'

// distribution/reference: one word character, then up to 127 more.
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/** A repository with a tag, a digest, or both (the digest wins). */
export interface Reference extends Locator {
  readonly tag?: string | undefined
  readonly digest?: Digest | undefined
}

/**
 * Parses a reference by docker's rules: `alpine` is `docker.io/library/alpine:latest`, `quay.io/a/b:1@sha256:...` keeps both.
 * Throws `INVALID_ARGUMENT` (R20).
 */
export function parseReference(text: string): Reference {
  checkUserinfo(text)
  const at = text.indexOf('@')
  const beforeDigest = at < 0 ? text : text.slice(0, at)
  // A colon after the last slash starts the tag; one before it belongs to the port of the host.
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1)
  const repository = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon)
  const locator = parseRepository(repository, text)
  const digest = at < 0 ? undefined : referenceDigest(text.slice(at + 1), text)
  const tag = colon < 0 ? undefined : parseTag(beforeDigest.slice(colon + 1), text)
  if (digest === undefined) return { ...locator, tag: tag ?? 'latest' }
  return tag === undefined ? { ...locator, digest } : { ...locator, tag, digest }
}

function referenceDigest(text: string, whole: string): Digest {
  try {
    return parseDigest(text)
  } catch (cause) {
    if (!(cause instanceof DistError)) throw cause
    throw new DistError('INVALID_ARGUMENT', `reference "${quoteReference(whole)}": ${cause.message}`, {
      cause,
    })
  }
}

/** Whether a tag of a list is one by the grammar. */
export function isTag(text: string): boolean {
  return tagGrammar.test(text)
}

/** Checks a tag. Throws `INVALID_ARGUMENT`. */
export function parseTag(tag: string, whole = tag): string {
  if (isTag(tag)) return tag
  throw new DistError(
    'INVALID_ARGUMENT',
    `reference "${quoteReference(whole)}": "${sanitize(tag, 140)}" is not a tag: expected 1 to 128 letters, digits, "_", ".", "-"`,
  )
}

/** The full reference, as in published names: `docker.io/library/alpine:3.20`. */
export function formatReference(ref: Reference): string {
  const tag = ref.tag === undefined ? '' : `:${ref.tag}`
  const digest = ref.digest === undefined ? '' : `@${ref.digest}`
  return `${formatLocator(ref)}${tag}${digest}`
}

/** The shortest text that parses to the same reference: `alpine:3.20`. */
export function familiarReference(ref: Reference): string {
  const [first = '', ...more] = ref.repository.split('/')
  if (ref.host !== 'docker.io' || namesHost(first)) return formatReference(ref)
  const official = first === 'library' && more.length === 1
  return formatReference(ref).slice(official ? 'docker.io/library/'.length : 'docker.io/'.length)
}

/** The object to request from the registry: the digest if there is one, else the tag. */
export function objectOf(ref: Reference): string {
  return ref.digest ?? ref.tag ?? 'latest'
}

/**
 * The names under which an image is published: one for `repo:tag` and for `repo@digest`, both for `repo:tag@digest`.
 */
export function publishedNames(ref: Reference): string[] {
  const { tag, digest, ...locator } = ref
  const names: string[] = []
  if (tag !== undefined) names.push(formatReference({ ...locator, tag }))
  if (digest !== undefined) names.push(formatReference({ ...locator, digest }))
  return names
}
