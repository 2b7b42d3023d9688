import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
An image that needs some of it can no longer be vouched for: its name is removed first, and said on stderr.
Prints the digests of what went.

Examples:
  $ dist delete sha256:9f86d0...
  $ dist list -q | xargs dist delete`

export const deleteCommand: Define = (context, onExit) =>
  withStore(new Command('delete'))
    .description('delete content from the store')
    .argument('<digest...>', 'content of the store')
    .addHelpText('after', examples)
    .action(async (digests: string[], options) => {
      const actions = await import('../actions/delete.js')
      onExit(await actions.deleteDigests(context, digests, options))
    })
