import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, parseDigest } from '@dist/oci'
import {
  checkUserinfo,
  formatLocator,
  type Locator,
  namesHost,
  parseRepository,
  shownReference,
} from './locator.js'

// distribution/reference: one word character, then up to 127 more.
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/** A repository and what is meant in it: a tag, a digest, or both (the digest wins). */
export interface Reference extends Locator {
  readonly tag?: string | undefined
  readonly digest?: Digest | undefined
}

/**
 * Reads a reference as docker's users write it: `alpine` is `docker.io/library/alpine:latest`,
 * `quay.io/a/b:1@sha256:...` keeps both. Throws `INVALID_ARGUMENT`.
 */
export function parseReference(text: string): Reference {
  checkUserinfo(text)
  const at = text.indexOf('@')
  const beforeDigest = at < 0 ? text : text.slice(0, at)
  // A colon behind the last slash parts the tag off; one before it belongs to a host's port.
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1)
  const repository = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon)
  const locator = parseRepository(repository, text)
  const digest = at < 0 ? undefined : referenceDigest(text.slice(at + 1), text)
  const tag = colon < 0 ? undefined : parseTag(beforeDigest.slice(colon + 1), text)
  if (tag === undefined && digest === undefined) return { ...locator, tag: 'latest' }
  return { ...locator, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

function referenceDigest(text: string, whole: string): Digest {
  try {
    return parseDigest(text)
  } catch (cause) {
    if (!(cause instanceof DistError)) throw cause
    throw new DistError('INVALID_ARGUMENT', `reference "${shownReference(whole)}": ${cause.message}`, {
      cause,
    })
  }
}

/** Checks a tag. Throws `INVALID_ARGUMENT`. */
export function parseTag(tag: string, whole = tag): string {
  if (tagGrammar.test(tag)) return tag
  throw new DistError(
    'INVALID_ARGUMENT',
    `reference "${shownReference(whole)}": "${sanitize(tag, 140)}" is not a tag (letters, digits, "_", ".", "-"; at most 128)`,
  )
}

/** The reference in full, as names are published: `docker.io/library/alpine:3.20`. */
export function formatReference(ref: Reference): string {
  const tag = ref.tag === undefined ? '' : `:${ref.tag}`
  const digest = ref.digest === undefined ? '' : `@${ref.digest}`
  return `${formatLocator(ref)}${tag}${digest}`
}

/** The reference as short as docker's users write it, `alpine:3.20`, and still read as the same one. */
export function familiarReference(ref: Reference): string {
  const [first = '', ...more] = ref.repository.split('/')
  if (ref.host !== 'docker.io' || namesHost(first)) return formatReference(ref)
  const official = first === 'library' && more.length === 1
  return formatReference(ref).slice(official ? 'docker.io/library/'.length : 'docker.io/'.length)
}

/** What a registry is asked for: the digest where there is one, else the tag. */
export function objectOf(ref: Reference): string {
  return ref.digest ?? ref.tag ?? 'latest'
}

/**
 * The names under which an image is published: as given for `repo:tag` and `repo@digest`;
 * `repo:tag@digest` publishes both.
 */
export function publishedNames(ref: Reference): string[] {
  const { tag, digest, ...locator } = ref
  const names: string[] = []
  if (tag !== undefined) names.push(formatReference({ ...locator, tag }))
  if (digest !== undefined) names.push(formatReference({ ...locator, digest }))
  return names
}
