import { Command } from 'commander'
import { withSnapshots, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Each layer becomes a snapshot, a full copy of the one below with the layer applied, named by its chain ID: images that
begin with the same layers share their snapshots. What is there is not made again. Prints the name, the chain ID of the
top snapshot and its path. Snapshots are for reading: dist bundle makes a copy to run.

Examples:
  $ dist unpack alpine:3.20
  $ dist unpack --top alpine:3.20
  $ dist unpack --platform linux/arm64 --json alpine:3.20 | jq -r .path`

export const unpackCommand: Define = (context, onExit) =>
  withSnapshots(withStore(new Command('unpack')))
    .description('unpack images of the store into root filesystems')
    .argument('<ref...>', 'images, as dist images shows them')
    .option(
      '--platform <os/arch[/variant]>',
      'of an index, this platform (default: linux and this machine’s)',
    )
    .option('--top', 'keep the top snapshot alone: faster and smaller where copies are no reflinks')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => {
      const { unpack } = await import('../actions/unpack.js')
      onExit(await unpack(context, references, options))
    })
