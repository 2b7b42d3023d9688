import { Command } from 'commander'
import { collect, withRemote, withSnapshots, withStore, withTransfers } from '../options.js'
import type { Define } from './index.js'

const examples = `
Without --platform, an index gives linux and this machine's architecture; it is kept byte for byte, so that digest
and signatures stay as they are. What was cut off goes on where it stopped. With --unpack, the platforms that --platform
names are unpacked, else this machine's.

Examples:
  $ dist pull alpine:3.20
  $ dist pull --platform linux/amd64 --platform linux/arm64 quay.io/prometheus/node-exporter:latest
  $ dist pull --unpack alpine:3.20
  $ dist pull --all-platforms localhost:5000/app:1.2 localhost:5000/db:9`

export const pullCommand: Define = (context, onExit) =>
  withTransfers(withRemote(withSnapshots(withStore(new Command('pull')))))
    .description('pull images, verified, into the store')
    .argument('<ref...>', 'references: [host/]repository[:tag][@digest]')
    .option('--platform <os/arch[/variant]>', 'keep this platform of an index; may be repeated', collect)
    .option('--all-platforms', 'keep every platform')
    .option('--unpack', 'then unpack the images, as dist unpack does')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => {
      const { pull } = await import('../actions/pull.js')
      onExit(await pull(context, references, options))
    })
