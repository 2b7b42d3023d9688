import type { Image, Names } from '@dist/content'
import { sanitize } from '@dist/errdefs'
import {
  type AttachedNode,
  type DescriptorNode,
  type InspectedContent,
  inspectImage,
  inspectReferrers,
  visit,
} from '@dist/mirror'
import { type Descriptor, formatPlatform } from '@dist/oci'
import type { ImageTree, Referrer, TreeNode } from '@dist/runs'

/** Nodes, and manifests that refer to an image, that are reported. */
const atMost = { nodes: 2_000, referrers: 100 }
/** Characters of a text that a registry has made up. */
const longestText = 300

/** The tree below a root, as far as its manifests are there. */
export async function treeOf(
  image: Pick<Image, 'desc' | 'selection'>,
  content: InspectedContent,
): Promise<Pick<ImageTree, 'nodes' | 'isCut'>> {
  const nodes: TreeNode[] = []
  let isCut = false
  visit(await inspectImage(image, content), (node, depth) => {
    if (nodes.length < atMost.nodes) nodes.push(reportOf(node, depth))
    else isCut = true
  })
  return { nodes, isCut }
}

/** A published image with what a store has recorded of its referrers. */
export async function treeOfPublished(
  image: Image,
  content: InspectedContent,
  names: Pick<Names, 'get'>,
): Promise<ImageTree> {
  const [tree, attached] = await Promise.all([
    treeOf(image, content),
    inspectReferrers(image, content, names),
  ])
  return { name: image.name, ...tree, referrers: attached.slice(0, atMost.referrers).map(referrerOf) }
}

function reportOf({ desc, present, selected, damage }: DescriptorNode, depth: number): TreeNode {
  const { platform } = desc
  return {
    depth,
    ...contentOf(desc),
    platform: platform === undefined ? undefined : sanitize(formatPlatform(platform), longestText),
    isPresent: present,
    isSelected: selected,
    damage: damage === undefined ? undefined : sanitize(damage, longestText),
  }
}

function referrerOf({ desc, present, subject, tag }: AttachedNode): Referrer {
  return { ...contentOf(desc), subject, tag, isPresent: present }
}

function contentOf({ digest, mediaType, size, artifactType }: Descriptor) {
  return {
    digest,
    mediaType: sanitize(mediaType, longestText),
    size,
    artifactType: artifactType === undefined ? undefined : sanitize(artifactType, longestText),
  }
}
