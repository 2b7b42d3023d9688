import { Command } from 'commander'
import { withStore, withTable } from '../options.js'
import type { Define } from './index.js'

const examples = `
SIZE is that of everything the image holds here: its manifests, configs and layers, each once.

Examples:
  $ dist images
  $ dist images -q | dist export -f - -o images.tar
  $ dist images rm alpine:3.20`

const removeExamples = `
The content stays, for other images may need it: dist list shows it, dist delete removes it.

Examples:
  $ dist images rm alpine:3.20 quay.io/prometheus/node-exporter:latest`

export const imagesCommand: Define = (context, onExit) =>
  withTable(withStore(new Command('images')))
    .description('list the images of the store; images rm removes their names')
    .option('-q, --quiet', 'print names alone')
    .addHelpText('after', examples)
    .action(async (options) => {
      const { listImages } = await import('../actions/images.js')
      onExit(await listImages(context, options))
    })
    .addCommand(removeCommand(context, onExit))

const removeCommand: Define = (context, onExit) =>
  withStore(new Command('rm'))
    .description('remove the names of images; their content stays')
    .argument('<ref...>', 'images, as dist images shows them')
    .addHelpText('after', removeExamples)
    .action(async (references: string[], _options, command: Command) => {
      const { removeImages } = await import('../actions/images.js')
      onExit(await removeImages(context, references, command.optsWithGlobals()))
    })
