import type { Image, Manager, Provider } from '@dist/content'
import { DistError, hasCode } from '@dist/errdefs'
import { childrenHandler, filterPlatforms, type Handler, type PlatformRequest, skipDesc } from '@dist/images'
import {
  type Descriptor,
  formatPlatform,
  hasChildren,
  isForeignLayerType,
  isUnknownPlatform,
  parsePlatform,
} from '@dist/oci'
import { has } from './target.js'

/** A descriptor with what is below it and whether it is stored. */
export interface DescriptorNode {
  readonly desc: Descriptor
  readonly present: boolean
  /** Whether the image's selection takes it. */
  readonly selected: boolean
  /** Why a stored manifest cannot be read. */
  readonly damage?: string
  readonly children: readonly DescriptorNode[]
}

type Store = Provider & Pick<Manager, 'info'>

const maxDepth = 8

/** The whole tree below an image's root, as far as its manifests are stored. */
export async function inspectImage(
  image: Pick<Image, 'desc' | 'selection'>,
  store: Store,
): Promise<DescriptorNode> {
  const all = childrenHandler(store)
  const selected = filterPlatforms(all, requestOf(image))
  return nodeOf(image.desc, true, { store, all, selected }, 0)
}

interface Handlers {
  store: Store
  all: Handler
  selected: Handler
}

async function nodeOf(
  desc: Descriptor,
  selected: boolean,
  handlers: Handlers,
  depth: number,
): Promise<DescriptorNode> {
  if (depth > maxDepth)
    throw new DistError('MALFORMED', `${desc.digest}: indexes nest deeper than ${maxDepth} levels`)
  const present = await has(handlers.store, desc)
  if (!present || !hasChildren(desc.mediaType)) return { desc, present, selected, children: [] }
  try {
    return { desc, present, selected, children: await nodesBelow(desc, selected, handlers, depth) }
  } catch (error) {
    // One damaged manifest must not hide the rest of the tree, least of all from `delete`.
    if (!hasCode(error, 'FAILED_PRECONDITION', 'MALFORMED', 'NOT_IMPLEMENTED')) throw error
    return { desc, present, selected, damage: (error as Error).message, children: [] }
  }
}

async function nodesBelow(desc: Descriptor, selected: boolean, handlers: Handlers, depth: number) {
  const taken = new Set((await listed(handlers.selected, desc)).map((child) => child.digest))
  const children: DescriptorNode[] = []
  for (const child of await listed(handlers.all, desc)) {
    children.push(await nodeOf(child, selected && taken.has(child.digest), handlers, depth + 1))
  }
  return children
}

async function listed(handler: Handler, desc: Descriptor): Promise<readonly Descriptor[]> {
  const children = await handler(desc, {})
  return children === skipDesc ? [] : children
}

function requestOf(image: Pick<Image, 'selection'>): PlatformRequest {
  return image.selection === 'all' ? 'all' : image.selection.map(parsePlatform)
}

export interface ImageSummary {
  /** Bytes of everything the selection takes, each digest once; undefined when a manifest is not there. */
  readonly size: number | undefined
  /** Platforms that are held, formatted; of a single manifest none is known. */
  readonly platforms: readonly string[]
  /** Digests that the selection takes and the store lacks. */
  readonly missing: readonly string[]
}

/** Size, platforms and completeness of a published image. */
export async function summarizeImage(image: Image, store: Store): Promise<ImageSummary> {
  const root = await inspectImage(image, store)
  const sizes = new Map<string, number>()
  const platforms = new Set<string>()
  const missing = new Set<string>()
  visit(root, ({ desc, present, selected }) => {
    if (!selected || (isForeignLayerType(desc.mediaType) && !present)) return
    sizes.set(desc.digest, desc.size)
    if (!present) missing.add(desc.digest)
    if (desc.platform !== undefined && !isUnknownPlatform(desc.platform))
      platforms.add(formatPlatform(desc.platform))
  })
  const complete = [...missing].every((digest) => !isDocument(root, digest))
  const size = complete ? [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) : undefined
  return { size, platforms: [...platforms].sort(), missing: [...missing] }
}

function isDocument(root: DescriptorNode, digest: string): boolean {
  let document = false
  visit(root, ({ desc }) => {
    if (desc.digest === digest && hasChildren(desc.mediaType)) document = true
  })
  return document
}

export function visit(node: DescriptorNode, each: (node: DescriptorNode) => void): void {
  each(node)
  for (const child of node.children) visit(child, each)
}
