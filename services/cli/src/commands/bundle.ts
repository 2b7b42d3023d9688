import { Command } from 'commander'
import { withSnapshots, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Makes <dir>/rootfs, a copy of the image's root filesystem, and <dir>/config.json, which says how the image wants to be
run; what it leaves open is as runc spec has it. A command behind -- takes the place of the image's own; its entrypoint
stays in front. <dir> must be absent or empty, and is there only once it is whole. Prints its path.

Examples:
  $ dist bundle alpine:3.20 ./alpine && runc run --bundle ./alpine my-alpine
  $ dist bundle alpine:3.20 ./once -- cat /etc/os-release
  $ dist bundle --rootless --terminal alpine:3.20 ./shell -- sh`

export const bundleCommand: Define = (context, onExit) =>
  withSnapshots(withStore(new Command('bundle')))
    .description('make a runtime bundle of an image, for runc and the like')
    .argument('<ref>', 'an image, as dist images shows it')
    .argument('<dir>', 'a directory that is not there yet, or empty')
    .argument('[command...]', 'what to run in place of the image’s own command')
    .option(
      '--platform <os/arch[/variant]>',
      'of an index, this platform (default: linux and this machine’s)',
    )
    .option('--terminal', 'the process gets a terminal')
    .option('--rootless', 'to be run by this user, without root')
    .addHelpText('after', examples)
    .action(async (reference: string, directory: string, command: string[], options) => {
      const { bundle } = await import('../actions/bundle.js')
      onExit(await bundle(context, { reference, directory, command }, options))
    })
