import { has, type Image, type Manager, type Provider, type Selection } from '@dist/content'
import { DistError, hasCode, isNotFound } from '@dist/errdefs'
import { childrenHandler, type Handler, selectedChildren, skipDesc } from '@dist/images'
import {
  type Descriptor,
  formatPlatform,
  hasChildren,
  isForeignLayerType,
  isUnknownPlatform,
} from '@dist/oci'

/** A descriptor with what is below it and whether it is stored. */
export interface DescriptorNode {
  readonly desc: Descriptor
  readonly present: boolean
  /** Whether the image's selection takes it. */
  readonly selected: boolean
  /** Why a stored manifest cannot be read. */
  readonly damage?: string | undefined
  /** Below a manifest that the tree names several times only the first time: hostile trees end. */
  readonly children: readonly DescriptorNode[]
}

type Store = Provider & Pick<Manager, 'info'>

const maxDepth = 8

/** The whole tree below an image's root, as far as its manifests are stored. */
export async function inspectImage(
  image: Pick<Image, 'desc' | 'selection'>,
  store: Store,
): Promise<DescriptorNode> {
  return nodeOf(image.desc, true, { store, selection: image.selection, met: new Set() }, 0)
}

interface Inspection {
  readonly store: Store
  readonly selection: Selection
  /** Manifests that have been looked into, with whether they were selected. */
  readonly met: Set<string>
}

async function nodeOf(
  desc: Descriptor,
  selected: boolean,
  inspection: Inspection,
  depth: number,
): Promise<DescriptorNode> {
  if (depth > maxDepth)
    throw new DistError('MALFORMED', `${desc.digest}: indexes nest deeper than ${maxDepth} levels`)
  const present = await has(inspection.store, desc)
  const leaf = { desc, present, selected, children: [] }
  const visit = `${desc.digest} ${selected}`
  if (!present || !hasChildren(desc.mediaType) || inspection.met.has(visit)) return leaf
  inspection.met.add(visit)
  try {
    return { ...leaf, children: await nodesBelow(desc, selected, inspection, depth) }
  } catch (error) {
    // Somebody deletes it right now.
    if (isNotFound(error)) return { ...leaf, present: false }
    if (!isDamage(error)) throw error
    return { ...leaf, damage: (error as Error).message }
  }
}

/** Whether a manifest itself is at fault: a damaged one must not hide the rest of a tree, least of all from `delete`. */
export function isDamage(error: unknown): boolean {
  return hasCode(error, 'FAILED_PRECONDITION', 'MALFORMED', 'NOT_IMPLEMENTED', 'RESOURCE_EXHAUSTED')
}

async function nodesBelow(desc: Descriptor, selected: boolean, inspection: Inspection, depth: number) {
  const all = await listed(childrenHandler(inspection.store), desc)
  const taken = await listed(
    selectedChildren(
      async (each, context) => (each === desc ? all : childrenHandler(inspection.store)(each, context)),
      inspection.selection,
      inspection.store,
    ),
    desc,
  )
  const digests = new Set(taken.map((child) => child.digest))
  const children: DescriptorNode[] = []
  for (const child of all)
    children.push(await nodeOf(child, selected && digests.has(child.digest), inspection, depth + 1))
  return children
}

async function listed(handler: Handler, desc: Descriptor): Promise<readonly Descriptor[]> {
  const children = await handler(desc, {})
  return children === skipDesc ? [] : children
}

export interface ImageSummary {
  /** Bytes of everything the selection takes, each digest once; undefined when a manifest cannot be read. */
  readonly size: number | undefined
  /** Platforms whose manifests are held, formatted; of a single manifest none is known. */
  readonly platforms: readonly string[]
  /** Digests that the selection takes and the store lacks. */
  readonly missing: readonly string[]
  /** Digests of manifests that are stored but cannot be read. */
  readonly damaged: readonly string[]
}

/** Size, platforms and completeness of a published image. */
export async function summarizeImage(image: Image, store: Store): Promise<ImageSummary> {
  const root = await inspectImage(image, store)
  const sizes = new Map<string, number>()
  const platforms = new Set<string>()
  const missing = new Set<string>()
  const damaged = new Set<string>()
  let unread = false
  visit(root, ({ desc, present, selected, damage }) => {
    if (!selected || (isForeignLayerType(desc.mediaType) && !present)) return
    sizes.set(desc.digest, desc.size)
    if (!present) missing.add(desc.digest)
    if (damage !== undefined) damaged.add(desc.digest)
    if (damage !== undefined || (!present && hasChildren(desc.mediaType))) unread = true
    if (present && desc.platform !== undefined && !isUnknownPlatform(desc.platform))
      platforms.add(formatPlatform(desc.platform))
  })
  const size = unread ? undefined : [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
  return { size, platforms: [...platforms].sort(), missing: [...missing], damaged: [...damaged] }
}

export function visit(node: DescriptorNode, each: (node: DescriptorNode) => void): void {
  each(node)
  for (const child of node.children) visit(child, each)
}
