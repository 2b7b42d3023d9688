import { type Provider, readContent } from '@dist/content'
import { DistError, isNotFound, sanitize } from '@dist/errdefs'
import {
  type Descriptor,
  formatPlatform,
  hostPlatform,
  isIndexType,
  isManifestType,
  isUnknownPlatform,
  maxManifestSize,
  type Platform,
  parseManifest,
  platformMatches,
} from '@dist/oci'
import { maxConfigSize, parseImageConfig } from './config.js'

export interface SelectOptions {
  /** Default: of an index linux and this machine's architecture; a single manifest is taken as it is. */
  platform?: Platform
  signal?: AbortSignal
}

/** How deep indexes may nest: the deepest in use have two levels. */
const maxDepth = 8
/** Platforms that an error names. */
const maxNamed = 20

/**
 * The manifest of one platform: of an index the first that fits, else the descriptor itself. Throws `NOT_FOUND`,
 * naming the platforms that there are, when none fits or the one that does is not stored.
 */
export async function selectManifest(
  provider: Provider,
  root: Descriptor,
  options: SelectOptions,
): Promise<Descriptor> {
  if (!isIndexType(root.mediaType) && options.platform === undefined) return root
  const asked = options.platform ?? hostPlatform()
  const search = { provider, asked, signal: options.signal, offered: new Set<string>() }
  const found = await find(search, root, 0)
  if (found === undefined) throw notOffered(root, asked, search.offered)
  if (await isAbsent(search, found)) {
    throw new DistError(
      'NOT_FOUND',
      `${formatPlatform(asked)} of ${root.digest} is not in the store: pull the image for that platform`,
    )
  }
  return found
}

interface Search {
  readonly provider: Provider
  readonly asked: Platform
  readonly signal: AbortSignal | undefined
  /** Platforms that were met and do not fit. */
  readonly offered: Set<string>
}

/** Depth first, in the order of the documents. */
async function find(search: Search, desc: Descriptor, depth: number): Promise<Descriptor | undefined> {
  if (depth > maxDepth)
    throw new DistError('MALFORMED', `${desc.digest}: indexes nest deeper than ${maxDepth} levels`)
  if (!isIndexType(desc.mediaType)) return (await fits(search, desc)) ? desc : undefined
  const manifest = parseManifest(await read(search, desc, maxManifestSize), desc.mediaType, desc.digest)
  for (const child of manifest.kind === 'index' ? manifest.manifests : []) {
    if (!isCandidate(search, child)) continue
    const found = await findBelow(search, child, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** What an index leaves without a platform is looked into, where it is stored. */
async function findBelow(search: Search, child: Descriptor, depth: number): Promise<Descriptor | undefined> {
  try {
    return await find(search, child, depth)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function isCandidate(search: Search, { mediaType, platform }: Descriptor): boolean {
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return false
  if (platform === undefined) return true
  if (isUnknownPlatform(platform)) return false
  if (platformMatches(search.asked, platform)) return true
  search.offered.add(formatPlatform(platform))
  return false
}

async function fits(search: Search, desc: Descriptor): Promise<boolean> {
  const platform = desc.platform ?? (await platformOf(search, desc))
  if (platform === undefined) return false
  if (platformMatches(search.asked, platform)) return true
  search.offered.add(formatPlatform(platform))
  return false
}

/** The platform that a manifest's config names. */
async function platformOf(search: Search, desc: Descriptor): Promise<Platform | undefined> {
  const manifest = parseManifest(await read(search, desc, maxManifestSize), desc.mediaType, desc.digest)
  if (manifest.kind !== 'manifest' || manifest.config === undefined) return undefined
  try {
    const { os, architecture, variant } = parseImageConfig(
      await read(search, manifest.config, maxConfigSize),
      `config ${manifest.config.digest}`,
    )
    if (os === undefined || architecture === undefined) return undefined
    return { os, architecture, ...(variant === undefined ? {} : { variant }) }
  } catch (error) {
    // An artifact's config is what it likes.
    if (error instanceof DistError && error.code === 'MALFORMED') return undefined
    throw error
  }
}

function read({ provider, signal }: Search, desc: Descriptor, limit: number): Promise<Uint8Array> {
  return readContent(provider, desc, limit, signal === undefined ? {} : { signal })
}

async function isAbsent(search: Search, desc: Descriptor): Promise<boolean> {
  try {
    await read(search, desc, maxManifestSize)
    return false
  } catch (error) {
    if (isNotFound(error)) return true
    throw error
  }
}

function notOffered(root: Descriptor, asked: Platform, offered: ReadonlySet<string>): DistError {
  const named = [...offered].slice(0, maxNamed)
  const more = offered.size > named.length ? ` and ${offered.size - named.length} more` : ''
  const what = named.length === 0 ? 'it names no platform' : `it has ${sanitize(named.join(', '))}${more}`
  return new DistError('NOT_FOUND', `${root.digest} has no ${formatPlatform(asked)}: ${what}`)
}
