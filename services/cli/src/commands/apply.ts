import { Command, Option } from 'commander'
import { byteCount, positive, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
The layer is a tar archive, plain, gzip or zstd, from stdin or from the store. It is applied as of the OCI image spec:
whiteouts remove what lower layers made. A layer that is refused, at its end too, leaves the directory as it was; so
does Ctrl-C. Prints the diffID: the digest of the plain archive.

Examples:
  $ dist apply rootfs < layer.tar.gz
  $ dist apply --diff-id sha256:2c26b4... rootfs < layer.tar.gz
  $ dist fetch localhost:5000/app sha256:9f86d0... type:blob | dist apply rootfs
  $ dist apply --layer sha256:9f86d0... rootfs`

export const applyCommand: Define = (context, onExit) =>
  withStore(new Command('apply'))
    .description('apply a layer to a directory')
    .argument('<dir>', 'the root filesystem; made where there is none')
    .option('--layer <digest>', 'take this layer of the store, not stdin')
    .option('--diff-id <digest>', 'what the uncompressed layer must have as digest')
    .addOption(
      new Option(
        '--max-bytes <bytes>',
        'refuse a layer that is larger uncompressed (default: 64 GiB)',
      ).argParser(byteCount),
    )
    .addOption(
      new Option('--max-entries <n>', 'refuse a layer of more entries (default: 2000000)').argParser(
        positive,
      ),
    )
    .addOption(
      new Option(
        '--max-ratio <n>',
        'refuse a layer that grows more than so many times (default: 1000)',
      ).argParser(positive),
    )
    .addHelpText('after', examples)
    .action(async (directory: string, options) => {
      const { apply } = await import('../actions/apply.js')
      onExit(await apply(context, directory, options))
    })
