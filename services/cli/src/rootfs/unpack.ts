import { throwIfAborted } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import type { Unpacked } from '@dist/rootfs'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { describeError, exitCodeOfAll, jsonError, traceDefect } from '../errors/errors.js'
import { findImage } from '../input/images.js'
import { openSnapshots, openStore, type SnapshotOptions } from '../open/store.js'
import { type StoreOptions, withSnapshots, withStore } from '../options.js'
import { failureOf, shownName, typedName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { openView } from '../progress/images/view.js'
import { jsonUnpacked, unpackedLine, unpackShown, Warnings } from './unpacking.js'

const examples = `
Each layer becomes a snapshot: a full copy of the snapshot below, with the layer applied, named by its chain ID. Images with
the same first layers share snapshots. Existing snapshots are not created again. Prints the name, the chain ID of the top
snapshot and its path. Do not change snapshots: dist bundle creates a copy to run.

Examples:
  $ dist unpack alpine:3.20
  $ dist unpack --top alpine:3.20
  $ dist unpack --platform linux/arm64 --json alpine:3.20 | jq -r .path`

export const unpackCommand: Define = (context, onExit) =>
  withSnapshots(withStore(new Command('unpack')))
    .argument('<ref...>', 'images, as dist images shows them')
    .option('--platform <os/arch[/variant]>', 'the platform of an index (default: linux and this machine’s)')
    .option('--top', 'keep only the top snapshot: faster and smaller on file systems without reflinks')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => onExit(await unpack(context, references, options)))

export interface UnpackOptions extends StoreOptions, SnapshotOptions {
  platform?: string | undefined
  top?: boolean | undefined
}

interface Outcome {
  readonly name: string
  readonly unpacked?: Unpacked | undefined
  readonly error?: unknown
}

/** `dist unpack`: unpacks images of the store into snapshots. */
export async function unpack(
  context: Context,
  texts: readonly string[],
  options: UnpackOptions,
): Promise<number> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  await using store = await openStore(options, context.env)
  const snapshots = await openSnapshots(options, context.env)
  const warnings = new Warnings()
  const view = await openView(context, { plain: options.verbose })
  const keep = options.top ? ('top' as const) : ('all' as const)
  const common = { platform, snapshots, keep, onEvent: view.onEvent }
  const outcomes: Outcome[] = []
  try {
    for (const text of texts) {
      throwIfAborted(context.signal)
      let name = typedName(text)
      try {
        const image = await findImage(text, store.names)
        name = shownName(image.name)
        const task = { name, desc: image.desc, source: store.content, onWarning: warnings.add, ...common }
        outcomes.push({ name, unpacked: await unpackShown(context, task) })
      } catch (error) {
        outcomes.push({ name, error })
      }
    }
  } finally {
    view.end()
  }
  report(context, outcomes, warnings, options)
  return exitCodeOfAll(outcomes, context.signal)
}

function report(
  context: Context,
  outcomes: readonly Outcome[],
  warnings: Warnings,
  options: UnpackOptions,
): void {
  for (const { name, unpacked, error } of outcomes) {
    if (options.json)
      printJson(context, { name, ...(unpacked === undefined ? jsonError(error) : jsonUnpacked(unpacked)) })
    else if (unpacked !== undefined) print(context, unpackedLine(name, unpacked))
  }
  warnings.tell(context, options)
  if (context.signal.aborted) return
  for (const { name, error } of outcomes) {
    if (error === undefined) continue
    note(context, failureOf(name, describeError(error)))
    traceDefect(context, error)
  }
}
