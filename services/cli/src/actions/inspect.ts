import { type DescriptorNode, inspectImage } from '@dist/mirror'
import { formatPlatform } from '@dist/oci'
import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { formatBytes } from '../format.js'
import type { StoreOptions } from '../options.js'
import { print, printJson } from '../output.js'
import { kindOf } from '../progress/label.js'
import { shortenDigests, type TableOptions } from '../table.js'
import { findImage, shownName } from './names.js'

export interface InspectOptions extends StoreOptions, TableOptions {}

/** `dist inspect`: the tree of descriptors below an image. */
export async function inspect(context: Context, text: string, options: InspectOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const image = await findImage(text, store.names)
  const root = await inspectImage(image, store.content)
  if (options.json) {
    printJson(context, { name: image.name, selection: image.selection, ...jsonNode(root) })
    return exitCodes.done
  }
  print(context, shownName(image.name))
  for (const line of shownTree(root, context, options)) print(context, line)
  return exitCodes.done
}

/**
 * A terminal gets digests shortened, and where that is still too wide no media types, whose kinds stand in front, and then
 * no algorithms.
 */
function shownTree(root: DescriptorNode, { stdout }: Context, { trunc = true }: InspectOptions): string[] {
  if (!stdout.isTTY || !trunc) return treeLines(root)
  const fits = (lines: readonly string[]) => lines.every(({ length }) => length <= (stdout.columns || 80))
  const whole = treeLines(root).map(shortenDigests)
  if (fits(whole)) return whole
  const narrower = treeLines(root, { mediaTypes: false }).map(shortenDigests)
  return fits(narrower) ? narrower : narrower.map((line) => line.replace(/ {2}sha(?:256|512):/, '  '))
}

interface TreeOptions {
  /** Default: true. */
  mediaTypes?: boolean | undefined
}

/** One line for each node, with branches drawn in front. */
export function treeLines(
  node: DescriptorNode,
  options: TreeOptions = {},
  first = '└─ ',
  rest = '   ',
): string[] {
  const lines = [`${first}${nodeLine(node, options)}`]
  for (const [i, child] of node.children.entries()) {
    const last = i === node.children.length - 1
    lines.push(
      ...treeLines(child, options, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`),
    )
  }
  return lines
}

function nodeLine(
  { desc, present, selected, damage }: DescriptorNode,
  { mediaTypes = true }: TreeOptions,
): string {
  const platform = desc.platform === undefined ? [] : [formatPlatform(desc.platform)]
  const state = damage !== undefined ? `damaged: ${damage}` : stateOf(present, selected)
  const type = mediaTypes ? [desc.mediaType] : []
  const parts = [kindOf(desc.mediaType), ...platform, desc.digest, formatBytes(desc.size), ...type]
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
