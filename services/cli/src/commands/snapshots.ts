import { Command } from 'commander'
import { withOutput, withSnapshots, withTable } from '../options.js'
import type { Define } from './index.js'

const examples = `
SIZE is what the snapshot took on disk when it was made, what it has of its parents included: each is a full copy. Where
the file system shares blocks between copies (reflink) it is less.

Examples:
  $ dist snapshots
  $ dist snapshots --json | jq -r 'select(.parent == null) | .path'
  $ dist snapshots rm sha256:1a2b3c`

const removeExamples = `
Snapshots that were made from it stay whole. The beginning of a chain ID is enough where it is the only one. Prints the
chain IDs of what went.

Examples:
  $ dist snapshots rm sha256:1a2b3c
  $ dist snapshots --json | jq -r .chainID | xargs -r dist snapshots rm`

export const snapshotsCommand: Define = (context, onExit) =>
  withTable(withSnapshots(withOutput(new Command('snapshots'))))
    .description('list the root filesystems that are unpacked; snapshots rm removes them')
    .addHelpText('after', examples)
    .action(async (options) => {
      const { listSnapshots } = await import('../actions/snapshots.js')
      onExit(await listSnapshots(context, options))
    })
    .addCommand(removeCommand(context, onExit))

const removeCommand: Define = (context, onExit) =>
  withSnapshots(withOutput(new Command('rm')))
    .description('remove snapshots; those made from them stay')
    .argument('<chainID...>', 'snapshots, as dist snapshots shows them')
    .addHelpText('after', removeExamples)
    .action(async (chainIDs: string[], _options, command: Command) => {
      const { removeSnapshots } = await import('../actions/snapshots.js')
      onExit(await removeSnapshots(context, chainIDs, command.optsWithGlobals()))
    })
