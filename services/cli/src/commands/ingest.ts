import { Command, Option } from 'commander'
import { byteCount, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Nothing is visible in the store before size and digest match. What was cut off goes on where it stopped when the
digest is given and stdin is a file, and starts again otherwise. <ref> names the write, so that dist active can show
it: one process at a time writes under it. Prints digest and size. Into S3 more than 8 MiB needs the digest.

Examples:
  $ dist ingest --expected-digest sha256:9f86d0... --expected-size 5 my-layer < layer.tar.gz
  $ dist fetch localhost:5000/app sha256:9f86d0... | dist ingest --expected-digest sha256:9f86d0... sha256:9f86d0...`

export const ingestCommand: Define = (context, onExit) =>
  withStore(new Command('ingest'))
    .description('put stdin, verified, into the store')
    .argument('<ref>', 'a name for the write while it goes on')
    .option('--expected-digest <digest>', 'what the content must have as digest')
    .addOption(
      new Option('--expected-size <bytes>', 'how many bytes the content must have').argParser(byteCount),
    )
    .addHelpText('after', examples)
    .action(async (ref: string, options) => {
      const { ingest } = await import('../actions/ingest.js')
      onExit(await ingest(context, ref, options))
    })
