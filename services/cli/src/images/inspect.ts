import { sanitize } from '@dist/errdefs'
import { type AttachedNode, type DescriptorNode, inspectImage, inspectReferrers } from '@dist/mirror'
import { formatPlatform } from '@dist/oci'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { findImage } from '../input/images.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore, withTable } from '../options.js'
import { formatBytes, kindOf, shownName } from '../output/format.js'
import { print, printJson } from '../output/print.js'
import { shortenDigests, type TableOptions } from '../output/table.js'
import { textWidth } from '../output/width.js'

const examples = `
Shows each descriptor of the image with its size, its platform, and whether its content is in the store. Platforms that were
not pulled are marked as not selected. Referrers that came with the image (dist pull --referrers) follow with their artifact
types.

Examples:
  $ dist inspect alpine:3.20
  $ dist inspect --json alpine:3.20 | jq '.. | objects | select(.present == false) | .digest'`

export const inspectCommand: Define = (context, onExit) =>
  withTable(withStore(new Command('inspect')))
    .argument('<ref>', 'an image, as dist images shows it')
    .addHelpText('after', examples)
    .action(async (reference: string, options) => onExit(await inspect(context, reference, options)))

export interface InspectOptions extends StoreOptions, TableOptions {}

/** `dist inspect`: shows the tree of descriptors of an image. */
export async function inspect(context: Context, text: string, options: InspectOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const image = await findImage(text, store.names)
  const root = await inspectImage(image, store.content)
  const attached = await inspectReferrers(image, store.content, store.names)
  if (options.json) {
    const referrers = image.referrers === undefined ? {} : { referrers: attached.map(jsonAttached) }
    printJson(context, { name: image.name, selection: image.selection, ...jsonNode(root), ...referrers })
    return exitCodes.done
  }
  print(context, shownName(image.name))
  for (const line of shownTree(root, context, options)) print(context, line)
  if (attached.length > 0) print(context, 'referrers')
  const lines = attachedLines(attached)
  const short = context.stdout.isTTY && options.trunc !== false
  for (const line of short ? lines.map(shortenDigests) : lines) print(context, line)
  return exitCodes.done
}

/**
 * On a terminal digests are shortened. If the tree is still too wide, media types are left out, then the algorithms of
 * digests.
 */
function shownTree(root: DescriptorNode, { stdout }: Context, { trunc = true }: InspectOptions): string[] {
  if (!stdout.isTTY || !trunc) return treeLines(root)
  const fits = (lines: readonly string[]) => lines.every((line) => textWidth(line) <= (stdout.columns || 80))
  const whole = treeLines(root).map(shortenDigests)
  if (fits(whole)) return whole
  const narrower = treeLines(root, { mediaTypes: false }).map(shortenDigests)
  return fits(narrower) ? narrower : narrower.map((line) => line.replace(/ {2}sha(?:256|512):/, '  '))
}

interface TreeOptions {
  /** Default: true. */
  mediaTypes?: boolean | undefined
}

/** A line for each node, with its branch. */
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

/** A line for each referrer, with its artifact type or its tag, and what it belongs to. */
export function attachedLines(attached: readonly AttachedNode[]): string[] {
  return attached.map(({ desc, present, subject, tag }, i) => {
    const branch = i === attached.length - 1 ? '└─ ' : '├─ '
    const what = tag ?? sanitize(desc.artifactType ?? desc.mediaType, 200)
    const of = subject === undefined ? [] : [`of ${subject}`]
    return branch + [what, desc.digest, formatBytes(desc.size), stateOf(present, true), ...of].join('  ')
  })
}

function jsonAttached({ desc, present, subject, tag }: AttachedNode): object {
  const { artifactType, mediaType, digest, size } = desc
  return { artifactType, mediaType, digest, size, subject, tag, present }
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
