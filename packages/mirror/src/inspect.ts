import { has, type Image, isDamaged, type Manager, type Provider, type Selection } from '@dist/content'
import { isNotFound } from '@dist/errdefs'
import { childrenHandler, type Handler, selectedChildren, skipDesc, walk } from '@dist/images'
import {
  type Descriptor,
  type Digest,
  formatPlatform,
  hasChildren,
  isForeignLayerType,
  isUnknownPlatform,
} from '@dist/oci'

/** A descriptor with those below it, and whether it is stored. */
export interface DescriptorNode {
  readonly desc: Descriptor
  readonly present: boolean
  /** Whether the selection of the image takes it. */
  readonly selected: boolean
  /** Why a stored manifest cannot be read. */
  readonly damage?: string | undefined
  /** Empty for a manifest that the tree has shown before: hostile trees stay small. */
  readonly children: readonly DescriptorNode[]
}

export type InspectedContent = Provider & Pick<Manager, 'find'>

/** What is known of a descriptor, wherever the tree names it. */
interface Facts {
  readonly present: boolean
  readonly damage?: string | undefined
  readonly children: readonly Descriptor[]
  /** The digests of the children that the selection takes. */
  readonly taken: ReadonlySet<Digest>
}

const absent: Facts = { present: false, children: [], taken: new Set() }
const concurrency = 16

/** The tree below the root of an image, as far as its manifests are stored. */
export async function inspectImage(
  { desc: root, selection }: Pick<Image, 'desc' | 'selection'>,
  content: InspectedContent,
): Promise<DescriptorNode> {
  const facts = new Map<string, Facts>()
  const inspect: Handler = async (desc, context) => {
    const found = (await has(content, desc)) ? await factsOf(desc, selection, content, context) : absent
    facts.set(keyOf(desc), found)
    return found.children
  }
  try {
    await walk(inspect, [root], { concurrency })
  } catch (error) {
    if (!isDamaged(error)) throw error
    return { desc: root, present: true, selected: true, damage: error.message, children: [] }
  }
  return nodeOf(root, true, facts, new Set())
}

async function factsOf(
  desc: Descriptor,
  selection: Selection,
  content: InspectedContent,
  context: Parameters<Handler>[1],
): Promise<Facts> {
  const leaf: Facts = { present: true, children: [], taken: new Set() }
  if (!hasChildren(desc.mediaType)) return leaf
  const read = childrenHandler(content)
  try {
    const children = await read(desc, context)
    if (children === skipDesc) return leaf
    const known: Handler = async (each, given) => (each === desc ? children : read(each, given))
    const taken = await selectedChildren(known, selection, content)(desc, context)
    return {
      present: true,
      children,
      taken: new Set(taken === skipDesc ? [] : taken.map(({ digest }) => digest)),
    }
  } catch (error) {
    // Another process deletes it at the same time.
    if (isNotFound(error)) return absent
    if (!isDamaged(error)) throw error
    return { ...leaf, damage: error.message }
  }
}

/** `shown`: the manifests that the tree has shown before, with whether they were selected. */
function nodeOf(
  desc: Descriptor,
  selected: boolean,
  facts: ReadonlyMap<string, Facts>,
  shown: Set<string>,
): DescriptorNode {
  const { present, damage, children: below, taken } = facts.get(keyOf(desc)) ?? absent
  const key = `${desc.digest} ${selected}`
  const isShown = shown.has(key)
  shown.add(key)
  const children = isShown
    ? []
    : below.map((child) => nodeOf(child, selected && taken.has(child.digest), facts, shown))
  return { desc, present, selected, ...(damage === undefined ? {} : { damage }), children }
}

function keyOf(desc: Descriptor): string {
  return `${desc.digest} ${hasChildren(desc.mediaType)}`
}

export interface ImageSummary {
  /** Bytes of everything that the selection takes, each digest once; undefined if a manifest cannot be read. */
  readonly size: number | undefined
  /** Platforms whose manifests are stored, formatted; empty for a single manifest. */
  readonly platforms: readonly string[]
  /** Digests that the selection takes and the store lacks. */
  readonly missing: readonly string[]
  /** Digests of manifests that are stored but cannot be read. */
  readonly damaged: readonly string[]
}

/** Size, platforms and completeness of a published image. */
export async function summarizeImage(image: Image, content: InspectedContent): Promise<ImageSummary> {
  const root = await inspectImage(image, content)
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

/** Calls a function for a node and all below it, parents first, with their depth below the first one. */
export function visit(
  node: DescriptorNode,
  each: (node: DescriptorNode, depth: number) => void,
  depth = 0,
): void {
  each(node, depth)
  for (const child of node.children) visit(child, each, depth + 1)
}
