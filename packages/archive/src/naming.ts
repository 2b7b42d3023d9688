import { DistError, sanitize } from '@dist/errdefs'
import { malformed } from '@dist/oci'
import {
  formatReference,
  type Locator,
  parseReference,
  parseTag,
  publishedNames,
  type Reference,
} from '@dist/reference'
import type { Root } from './roots.js'

/** The reference that a name is, written in full; undefined for names that other tools have invented. */
export function referenceNamed(name: string): Reference | undefined {
  const reference = orUndefined(() => parseReference(name))
  return reference !== undefined && formatReference(reference) === name ? reference : undefined
}

/** Whether two names that stand in an archive are the same reference. */
export function sameName(a: string, b: string): boolean {
  const [one, other] = [a, b].map((name) => orUndefined(() => formatReference(parseReference(name))))
  return a === b || (one !== undefined && one === other)
}

/** What a user calls the images of an archive. */
export interface GivenName {
  /** As it was written. */
  readonly text: string
  readonly locator: Locator
  /** With a tag or a digest it is the name of one image; else the repository of those that have none. */
  readonly reference: Reference | undefined
}

/** Reads a repository, or a reference with tag or digest. Throws `INVALID_ARGUMENT`. */
export function parseGivenName(text: string): GivenName {
  const reference = parseReference(text)
  const names = text.includes('@') || /:[^/]*$/.test(text)
  const { host, repository } = reference
  return { text, locator: { host, repository }, reference: names ? reference : undefined }
}

/** A root with the names that it will have. */
export interface NamedRoot extends Root {
  /** In full. */
  readonly names: readonly string[]
}

export interface Naming {
  readonly named: readonly NamedRoot[]
  /** Images that neither the archive nor the user gives a name. */
  readonly nameless: readonly Root[]
}

/**
 * Gives each image of an archive the names that it is published under. A name that is written there counts in full; a
 * bare tag is one of the repository that the user gives, and so is, by its digest, an image without any name.
 * Throws `INVALID_ARGUMENT` where the user has to say a name, or gives one that does not fit, and `MALFORMED` for
 * names that cannot be right.
 */
export function nameRoots(roots: readonly Root[], given: GivenName | undefined): Naming {
  if (given?.reference !== undefined)
    return { named: [soleRoot(roots, given, given.reference)], nameless: [] }
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
      `the archive gives its image ${first.desc.digest} no name: say one with --name`,
    )
  refuseShared(named)
  return { named, nameless }
}

function soleRoot(roots: readonly Root[], { text }: GivenName, reference: Reference): NamedRoot {
  const [root] = roots
  if (root === undefined || roots.length > 1)
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(text, 150)}" is the name of one image, and the archive has ${roots.length}: give a repository`,
    )
  const { digest } = root.desc
  if (reference.digest !== undefined && reference.digest !== digest)
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(text, 200)}" names another digest than the image's ${digest}`,
    )
  return { ...root, names: publishedNames(reference) }
}

function namesFor(name: string, { desc }: Root, repository: Locator | undefined): string[] {
  const tag = /[/:@]/.test(name) ? undefined : orUndefined(() => parseTag(name))
  if (tag !== undefined && repository === undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      `the archive names ${desc.digest} only by its tag "${tag}": say the repository with --name`,
    )
  if (tag !== undefined && repository !== undefined) return [formatReference({ ...repository, tag })]
  const reference = orUndefined(() => parseReference(name))
  if (reference === undefined)
    throw malformed(`"${sanitize(name, 150)}"`, 'is in the archive as a name, and no reference')
  if (reference.digest !== undefined && reference.digest !== desc.digest)
    throw malformed(`"${sanitize(name, 250)}"`, `is in the archive as the name of ${desc.digest}`)
  return publishedNames(reference)
}

function refuseShared(roots: readonly NamedRoot[]): void {
  const owners = new Set<string>()
  for (const { names } of roots) {
    for (const name of names) {
      if (owners.has(name)) throw malformed(name, 'is two images in the archive')
      owners.add(name)
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
