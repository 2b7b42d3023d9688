import { imageNamed, scanNames } from '@dist/content'
import { DistError, hasCode, sanitize, throwIfAborted } from '@dist/errdefs'
import { needsOf } from '@dist/mirror'
import { parseReference, publishedNames } from '@dist/reference'
import type { StoredImage, StoredImageDetails, StoredPage } from '@dist/runs'
import type { CoordinatorParts } from '../service.js'
import { treeOfPublished } from './tree.js'

type StoredParts = Pick<CoordinatorParts, 'published' | 'pruning'>

interface PageQuestion {
  readonly search?: string | undefined
  /** The digest of content that the images need. */
  readonly needs?: string | undefined
  readonly from: number
  readonly limit: number
}

/** A page of the images of the store, by name. Only those of the page are read, unless it is asked what they need. */
export async function storedPage(
  { published }: Pick<StoredParts, 'published'>,
  { search = '', needs, from, limit }: PageQuestion,
  signal: AbortSignal,
): Promise<StoredPage> {
  const all = needs === undefined ? allNames(published, signal) : namesNeeding(needs, published, signal)
  const found = (await all).filter((name) => name.includes(search))
  const names = found.sort().slice(from, from + limit)
  const images = await Promise.all(names.map((name) => imageNamed(name, published.names)))
  const next = from + limit < found.length ? { next: from + limit } : {}
  return {
    // A name may have been removed meanwhile.
    images: images.flatMap((image): StoredImage[] =>
      image === undefined
        ? []
        : [{ name: image.name, digest: image.desc.digest, platforms: image.selection }],
    ),
    total: found.length,
    ...next,
  }
}

async function allNames({ names }: StoredParts['published'], signal: AbortSignal): Promise<string[]> {
  const all: string[] = []
  for await (const { name } of scanNames(names, '')) {
    throwIfAborted(signal)
    all.push(name)
  }
  return all
}

/** The images that need content. All manifests are read. */
async function namesNeeding(
  digest: string,
  published: StoredParts['published'],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const needs = await needsOf(new Set([digest]), published, { unreadable: 'skip', signal })
  return [...needs.values()].flatMap(({ images }) => images)
}

/** An image of the store, with its tree and the entries of mirror files that have published it. `NOT_FOUND`. */
export async function storedImage(
  { published, pruning }: StoredParts,
  given: string,
  signal: AbortSignal,
): Promise<StoredImageDetails> {
  const { names, content } = published
  const image = await imageNamed(given, names).then((found) => found ?? imageNamed(nameOf(given), names))
  if (image === undefined)
    throw new DistError('NOT_FOUND', `${sanitize(given, 300)}: the store of the services has no such image`)
  const entries: string[] = []
  for await (const ledger of pruning.ledgers.list()) {
    throwIfAborted(signal)
    if (ledger.names.has(image.name)) entries.push(ledger.entry)
  }
  const { name = image.name, ...tree } = await treeOfPublished(image, content, names)
  return { name, digest: image.desc.digest, platforms: image.selection, ...tree, entries }
}

/** The name under which a reference is published; a text that is not a reference stands for itself. */
function nameOf(text: string): string {
  try {
    return publishedNames(parseReference(text)).at(-1) ?? text
  } catch (error) {
    if (hasCode(error, 'INVALID_ARGUMENT')) return text
    throw error
  }
}
