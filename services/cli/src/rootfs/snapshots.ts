import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openSnapshots, type SnapshotOptions } from '../open/store.js'
import { type OutputOptions, withOutput, withSnapshots, withTable } from '../options.js'
import { formatBytes, formatDuration } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'
import { forEachOf } from '../several.js'

const examples = `
SIZE is the size on disk when the snapshot was created, with the content of its parents: each snapshot is a full copy. On file
systems with reflinks it takes less.

Examples:
  $ dist snapshots
  $ dist snapshots --json | jq -r 'select(.parent == null) | .path'
  $ dist snapshots rm sha256:1a2b3c`

const removeExamples = `
Snapshots that were created from it stay complete. The beginning of a chain ID is enough if it is unique. Prints the chain
IDs of the removed snapshots.

Examples:
  $ dist snapshots rm sha256:1a2b3c
  $ dist snapshots --json | jq -r .chainID | xargs -r dist snapshots rm`

export const snapshotsCommand: Define = (context, onExit, loadTree) =>
  withTable(withSnapshots(withOutput(new Command('snapshots'))))
    .addHelpText('after', examples)
    .action(async (options) => onExit(await listSnapshots(context, options)))
    .addCommand(removeCommand(context, onExit, loadTree))

const removeCommand: Define = (context, onExit) =>
  withSnapshots(withOutput(new Command('rm')))
    .description('remove snapshots; those made from them stay')
    .argument('<chainID...>', 'snapshots, as dist snapshots shows them')
    .addHelpText('after', removeExamples)
    .action(async (chainIDs: string[], _options, command: Command) =>
      onExit(await removeSnapshots(context, chainIDs, command.optsWithGlobals())),
    )

export interface SnapshotsOptions extends OutputOptions, SnapshotOptions, TableOptions {}

const columns: readonly Column[] = [
  { title: 'CHAIN ID' },
  { title: 'PARENT', rank: 2 },
  { title: 'SIZE' },
  { title: 'AGE' },
  { title: 'PATH', cut: 'end', least: 20, rank: 1 },
]

/** `dist snapshots`: lists the snapshots. */
export async function listSnapshots(context: Context, options: SnapshotsOptions): Promise<number> {
  const snapshots = await openSnapshots(options, context.env)
  const damaged: string[] = []
  const all = await snapshots.list(({ error }) => damaged.push(error.message))
  if (options.json) for (const snapshot of all) printJson(context, snapshot)
  else {
    const rows = all.map(({ chainID, parent, size, createdAt, path }) => [
      chainID,
      parent ?? '-',
      formatBytes(size),
      formatDuration(Date.now() - createdAt.getTime()),
      path,
    ])
    context.stdout.write(tableFor(context, columns, rows, options))
  }
  for (const message of damaged) note(context, message)
  return exitCodes.done
}

/** `dist snapshots rm`: removes snapshots, and the leftovers of dead processes. */
export async function removeSnapshots(
  context: Context,
  texts: readonly string[],
  options: SnapshotsOptions,
): Promise<number> {
  const snapshots = await openSnapshots(options, context.env)
  await snapshots.sweep()
  return await forEachOf(context, texts, { json: options.json, member: 'chainID' }, async (text) => {
    const chainID = await snapshots.resolve(text)
    await snapshots.remove(chainID)
    if (options.json) printJson(context, { chainID })
    else print(context, chainID)
  })
}
