import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
What images need is refused (exit code 1) and the images are named. With --force it goes all the same: the images can no
longer be vouched for, so their names are removed first, and said on stderr. Prints the digests of what went.

Examples:
  $ dist delete sha256:9f86d0...
  $ dist delete --force sha256:9f86d0...`

export const deleteCommand: Define = (context, onExit) =>
  withStore(new Command('delete'))
    .description('delete content from the store')
    .argument('<digest...>', 'content of the store')
    .option('--force', 'delete also what images need: they are unpublished')
    .addHelpText('after', examples)
    .action(async (digests: string[], options) => {
      const actions = await import('../actions/delete.js')
      onExit(await actions.deleteDigests(context, digests, options))
    })
