import type { Provider } from '@dist/content'
import { DistError, isNotFound, sanitize } from '@dist/errdefs'
import {
  type Descriptor,
  formatPlatform,
  isIndexType,
  isUnknownPlatform,
  type Platform,
  platformMatches,
} from '@dist/oci'
import { childrenHandler } from './children.js'
import { configPlatform } from './config.js'
import { type Handler, type HandlerContext, type HandlerResult, skipDesc } from './handler.js'
import { walk } from './walk.js'

export interface SelectOptions {
  /** The name of the image for errors. Default: its digest. */
  name?: string | undefined
  signal?: AbortSignal | undefined
}

/** How many platforms an error names at most. */
const maxNamed = 20

/**
 * The manifest for a platform below an index, nested indexes included: the first one in the order of the index, as
 * container runtimes choose. The platform of a manifest whose descriptor has none is that of its config. A root that is no
 * index is the result itself. Throws `NOT_FOUND`, which names the platforms that the index has, and what reading the
 * indexes throws.
 */
export async function selectManifest(
  root: Descriptor,
  platform: Platform,
  provider: Provider,
  { name = root.digest, signal }: SelectOptions = {},
): Promise<Descriptor> {
  if (!isIndexType(root.mediaType)) return root
  const search = new Search(root, platform, provider)
  await walk((desc, context) => search.handle(desc, context), [root], { signal })
  if (search.found !== undefined) return search.found
  throw new DistError(
    'NOT_FOUND',
    `${name}: no manifest for ${formatPlatform(platform)}; ${search.describeOffered()}`,
  )
}

/** The handler that looks for the manifest of a platform below a root. */
class Search {
  found: Descriptor | undefined
  /** An index that must be readable: the root, or an index that is for the platform itself. */
  #required: Descriptor
  readonly #offered = new Set<string>()
  readonly #children: Handler

  constructor(
    root: Descriptor,
    private readonly platform: Platform,
    private readonly provider: Provider,
  ) {
    this.#required = root
    this.#children = childrenHandler(provider)
  }

  async handle(desc: Descriptor, context: HandlerContext): Promise<HandlerResult> {
    if (this.found !== undefined || !isIndexType(desc.mediaType)) return skipDesc
    const below = await this.#childrenOf(desc, context)
    if (below === skipDesc) return skipDesc
    for (const child of below) {
      const platform = child.platform ?? (await configPlatform(child, this.provider, context))
      if (platform === undefined || isUnknownPlatform(platform)) continue
      if (platformMatches(this.platform, platform)) return this.#take(child)
      this.#offered.add(formatPlatform(platform))
    }
    return below
  }

  /** The platforms that were found, for an error. */
  describeOffered(): string {
    if (this.#offered.size === 0) return 'the index names no platform'
    const named = [...this.#offered].sort().slice(0, maxNamed)
    const more = this.#offered.size > named.length ? ` and ${this.#offered.size - named.length} more` : ''
    return `the index has ${sanitize(named.join(', '))}${more}`
  }

  async #childrenOf(desc: Descriptor, context: HandlerContext): Promise<HandlerResult> {
    try {
      return await this.#children(desc, context)
    } catch (error) {
      // A store may lack an index that another index names.
      if (desc !== this.#required && isNotFound(error)) return skipDesc
      throw error
    }
  }

  #take(child: Descriptor): HandlerResult {
    if (!isIndexType(child.mediaType)) {
      this.found = child
      return skipDesc
    }
    this.#required = child
    return [child]
  }
}
