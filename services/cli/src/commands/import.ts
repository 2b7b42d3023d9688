import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Takes OCI image layouts in a tar (dist export, skopeo, buildx) and what docker save writes, plain, gzip or zstd. Nothing
is published unless all of it is right; what a failed import has brought in is deleted again.

Examples:
  $ dist import alpine.tar
  $ dist import --name registry.example.com/app < app.tar.gz
  $ docker save app:1.2 | dist import`

export const importCommand: Define = (context, onExit) =>
  withStore(new Command('import'))
    .description('bring the images of an archive, verified, into the store')
    .argument('[file]', 'the archive; - is stdin', '-')
    .option('--name <ref>', 'the repository of images that have only a tag or no name; with a tag, the name')
    .option(
      '--platform <os/arch[/variant]>',
      'take only this platform of an index, its manifest as the image',
    )
    .addHelpText('after', examples)
    .action(async (file: string, options) => {
      const { importImages } = await import('../actions/import.js')
      onExit(await importImages(context, file, options))
    })
