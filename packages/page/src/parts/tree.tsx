import type { Answer, Routes } from '@dist/api'
import type { ComponentChildren } from 'preact'
import { formatBytes } from '../format.js'
import { Table } from './known.js'
import { State } from './state.js'
import { Digest } from './texts.js'

type Tree = Answer<Routes['getImageTree']>
export type TreeNode = Tree['nodes'][number]

const columns = [
  { title: 'What' },
  { title: 'Size', kind: 'number' },
  { title: 'State' },
  { title: 'Digest', kind: 'wide' },
] as const

interface TreeTableProps {
  readonly tree: Pick<Tree, 'nodes' | 'isCut'>
  /** What is told of a node in place of whether it is there. */
  readonly stateOf?: ((node: TreeNode) => ComponentChildren | undefined) | undefined
  /** What follows the state of a node. */
  readonly moreOf?: ((node: TreeNode) => ComponentChildren) | undefined
}

/** The manifests and blobs of an image, each below the one that names it. */
export function TreeTable({ tree: { nodes, isCut }, stateOf, moreOf }: TreeTableProps) {
  return (
    <>
      <Table caption="The tree of the image" columns={columns}>
        {nodes.map((node, place) => (
          // A manifest may name the same blob twice.
          <tr key={`${place} ${node.digest}`} class={node.isSelected ? undefined : 'left-out'}>
            <td>
              <span class={`depth-${Math.min(node.depth, 6)}`}>
                {kindOf(node.mediaType)}
                {node.platform !== undefined && <b> {node.platform}</b>}
                {node.artifactType !== undefined && <span class="quiet"> {node.artifactType}</span>}
              </span>
              {node.damage !== undefined && <span class="error line">{node.damage}</span>}
            </td>
            <td class="number">{formatBytes(node.size)}</td>
            <td>
              {stateOf?.(node) ?? <Presence node={node} />} {moreOf?.(node)}
            </td>
            <td class="wide">
              <Digest digest={node.digest} />
            </td>
          </tr>
        ))}
      </Table>
      {isCut && <p class="quiet">There is more than is shown.</p>}
    </>
  )
}

function Presence({ node: { isPresent, isSelected, damage } }: { readonly node: TreeNode }) {
  if (damage !== undefined) return <State state="damaged" />
  if (isPresent) return <State state="present" />
  return isSelected ? <State state="missing" /> : <span class="quiet">not selected</span>
}

/** What a media type stands for, in a word. What is not known keeps its type. */
function kindOf(mediaType: string): string {
  if (/\.(image\.index|distribution\.manifest\.list)\./.test(mediaType)) return 'index'
  if (/\.(image\.manifest|distribution\.manifest|artifact\.manifest)\./.test(mediaType)) return 'manifest'
  if (/\.(image\.config|container\.image)\./.test(mediaType)) return 'config'
  if (/\.(image\.layer|image\.rootfs)\./.test(mediaType)) return 'layer'
  return mediaType
}

const referrerColumns = [
  { title: 'What refers to it' },
  { title: 'Size', kind: 'number' },
  { title: 'To', kind: 'wide' },
  { title: 'Digest' },
] as const

/** Signatures and the like of an image. */
export function ReferrerTable({ referrers }: { readonly referrers: Tree['referrers'] }) {
  if (referrers.length === 0) return null
  return (
    <Table caption="What refers to the image" columns={referrerColumns}>
      {referrers.map(({ digest, mediaType, artifactType, size, subject, tag, isPresent }) => (
        <tr key={`${digest} ${tag}`}>
          <td>
            {artifactType ?? kindOf(mediaType)}
            {tag !== undefined && <span class="quiet line">as the tag {tag}</span>}
            {!isPresent && <span class="bad line">missing</span>}
          </td>
          <td class="number">{formatBytes(size)}</td>
          <td class="wide">{subject !== undefined && <Digest digest={subject} />}</td>
          <td>
            <Digest digest={digest} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
