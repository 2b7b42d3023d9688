import { Command } from 'commander'
import { collect, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
The archive is an OCI image layout in a tar, which skopeo, ctr and podman read; of one platform docker load takes it
too. The same images make the same bytes. All content is verified on its way: what is damaged makes no archive. All
images of a call go into one archive: a file that is there is replaced with --force alone.

Examples:
  $ dist export -o alpine.tar alpine:3.20
  $ dist export --all -o images.tar
  $ dist images -q | grep /team-a/ | dist export -f - -o team-a.tar
  $ dist export --platform linux/arm64 -o app.tar localhost:5000/app:1.2 localhost:5000/db:9
  $ dist export alpine:3.20 | ssh behind.example.com dist import`

export const exportCommand: Define = (context, onExit) =>
  withStore(new Command('export'))
    .description('write images of the store into an archive, to carry them elsewhere')
    .argument('[ref...]', 'images, as dist images shows them')
    .option('-f, --file <file>', 'read images from a file, one a line, - is stdin; may be repeated', collect)
    .option('--all', 'take all images of the store')
    .option('-o, --output <file>', 'the archive; - is stdout', '-')
    .option('--force', 'replace a file that is there')
    .option(
      '--platform <os/arch[/variant]>',
      'take only this platform of an index, its manifest as the image',
    )
    .addHelpText('after', examples)
    .action(async (references: string[], options) => {
      const { exportImages } = await import('../actions/export.js')
      onExit(await exportImages(context, references, options))
    })
