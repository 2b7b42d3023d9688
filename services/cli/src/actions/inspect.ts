import { openStore } from '@dist/composition'
import { type DescriptorNode, inspectImage } from '@dist/mirror'
import { formatPlatform } from '@dist/oci'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { formatBytes } from '../format.js'
import type { StoreOptions } from '../options.js'
import { print, printJson } from '../output.js'
import { kindOf } from '../progress/label.js'
import { findImage, shownName } from './names.js'

/** `dist inspect`: the tree of descriptors below an image. */
export async function inspect(context: Context, text: string, options: StoreOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const image = await findImage(text, store.names)
  const root = await inspectImage(image, store.content)
  if (options.json) {
    printJson(context, { name: image.name, selection: image.selection, ...jsonNode(root) })
    return exitCodes.done
  }
  print(context, shownName(image.name))
  for (const line of treeLines(root)) print(context, line)
  return exitCodes.done
}

/** One line for each node, with branches drawn in front. */
export function treeLines(node: DescriptorNode, first = '└─ ', rest = '   '): string[] {
  const lines = [`${first}${nodeLine(node)}`]
  for (const [i, child] of node.children.entries()) {
    const last = i === node.children.length - 1
    lines.push(...treeLines(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`))
  }
  return lines
}

function nodeLine({ desc, present, selected, damage }: DescriptorNode): string {
  const platform = desc.platform === undefined ? [] : [formatPlatform(desc.platform)]
  const state = damage !== undefined ? `damaged: ${damage}` : stateOf(present, selected)
  const parts = [kindOf(desc.mediaType), ...platform, desc.digest, formatBytes(desc.size), desc.mediaType]
  return [...parts, state].join('  ')
}

function stateOf(present: boolean, selected: boolean): string {
  if (present) return 'stored'
  return selected ? 'missing' : 'not selected'
}

function jsonNode({ desc, present, selected, damage, children }: DescriptorNode): object {
  return {
    mediaType: desc.mediaType,
    digest: desc.digest,
    size: desc.size,
    ...(desc.platform === undefined ? {} : { platform: formatPlatform(desc.platform) }),
    present,
    selected,
    ...(damage === undefined ? {} : { damage }),
    children: children.map(jsonNode),
  }
}
