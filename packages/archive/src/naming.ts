import { DistError, sanitize } from '@dist/errdefs'
import { malformed } from '@dist/oci'
import {
  cosignSubject,
  formatReference,
  type Locator,
  parseReference,
  parseTag,
  publishedNames,
  type Reference,
} from '@dist/reference'
import type { Root } from './roots.js'

/** The reference if a name is a complete one; undefined for other names. */
export function completeReference(name: string): Reference | undefined {
  const reference = orUndefined(() => parseReference(name))
  return reference !== undefined && formatReference(reference) === name ? reference : undefined
}

/** Whether a name has a tag of cosign, which belongs to another image. */
export function isCosignName(name: string): boolean {
  const tag = completeReference(name)?.tag
  return tag !== undefined && cosignSubject(tag) !== undefined
}

/** Whether two names in an archive are the same reference. */
export function sameName(a: string, b: string): boolean {
  const [one, other] = [a, b].map((name) => orUndefined(() => formatReference(parseReference(name))))
  return a === b || (one !== undefined && one === other)
}

/** The name that a user gives to the images of an archive. */
export interface GivenName {
  /** As the user wrote it. */
  readonly text: string
  readonly locator: Locator
  /** Set if the name has a tag or a digest: the name of one image. Otherwise it is the repository of unnamed images. */
  readonly reference: Reference | undefined
}

/** Reads a repository, or a reference with tag or digest. Throws `INVALID_ARGUMENT`. */
export function parseGivenName(text: string): GivenName {
  const reference = parseReference(text)
  const names = text.includes('@') || /:[^/]*$/.test(text)
  const { host, repository } = reference
  return { text, locator: { host, repository }, reference: names ? reference : undefined }
}

/** A root with the names under which it is published. */
export interface NamedRoot extends Root {
  /** Complete references. */
  readonly names: readonly string[]
}

export interface Naming {
  readonly named: readonly NamedRoot[]
  /** Images that have no name in the archive and get none from the user. */
  readonly nameless: readonly Root[]
}

/**
 * Determines the names under which the images of an archive are published. A complete name in the archive is used as it is.
 * A bare tag belongs to the repository that the user gives; an image without a name is published there by its digest.
 * Throws `INVALID_ARGUMENT` if the user has to give a name or gives an unsuitable one, `MALFORMED` for invalid names.
 */
export function nameRoots(roots: readonly Root[], given: GivenName | undefined): Naming {
  if (given?.reference !== undefined)
    return { named: renamedRoots(roots, given, given.reference), nameless: [] }
  const named: NamedRoot[] = []
  const nameless: Root[] = []
  for (const root of roots) {
    const names = root.names.flatMap((name) => namesFor(name, root, given?.locator))
    const digest = root.desc.digest
    if (names.length > 0) named.push({ ...root, names: [...new Set(names)] })
    else if (given === undefined) nameless.push(root)
    else named.push({ ...root, names: [formatReference({ ...given.locator, digest })] })
  }
  const [first] = nameless
  if (named.length === 0 && first !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      `image ${first.desc.digest} has no name in the archive: give one with --name`,
    )
  refuseDuplicates(named)
  return { named, nameless }
}

/** The only image gets the name, and the tags of cosign follow it into its repository. */
function renamedRoots(roots: readonly Root[], given: GivenName, reference: Reference): NamedRoot[] {
  const isAttached = ({ names }: Root) => names.length > 0 && names.every(isCosignName)
  const images = roots.filter((root) => !isAttached(root))
  if (images.length === 0) return [soleRoot(roots, given, reference)]
  const attached = roots.filter(isAttached).map((root) => ({
    ...root,
    names: root.names.map((name) => formatReference({ ...given.locator, tag: parseReference(name).tag })),
  }))
  return [soleRoot(images, given, reference), ...attached]
}

function soleRoot(roots: readonly Root[], { text }: GivenName, reference: Reference): NamedRoot {
  const [root] = roots
  if (root === undefined || roots.length > 1)
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(text, 150)}" names one image, but the archive has ${roots.length}: give a repository`,
    )
  const { digest } = root.desc
  if (reference.digest !== undefined && reference.digest !== digest)
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(text, 200)}": the image has another digest, ${digest}`,
    )
  return { ...root, names: publishedNames(reference) }
}

function namesFor(name: string, { desc }: Root, repository: Locator | undefined): string[] {
  const tag = /[/:@]/.test(name) ? undefined : orUndefined(() => parseTag(name))
  if (tag !== undefined && repository === undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      `image ${desc.digest} has only the tag "${tag}" in the archive: give the repository with --name`,
    )
  if (tag !== undefined && repository !== undefined) return [formatReference({ ...repository, tag })]
  const reference = orUndefined(() => parseReference(name))
  if (reference === undefined)
    throw malformed(`"${sanitize(name, 150)}"`, 'is a name in the archive, but no valid reference')
  if (reference.digest !== undefined && reference.digest !== desc.digest)
    throw malformed(
      `"${sanitize(name, 250)}"`,
      `is the name of another digest in the archive, ${desc.digest}`,
    )
  return publishedNames(reference)
}

function refuseDuplicates(roots: readonly NamedRoot[]): void {
  const known = new Set<string>()
  for (const { names } of roots) {
    for (const name of names) {
      if (known.has(name)) throw malformed(name, 'names two images in the archive')
      known.add(name)
    }
  }
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DistError) return undefined
    throw error
  }
}
