import { Command } from 'commander'
import { withStore, withTable } from '../options.js'
import type { Define } from './index.js'

const examples = `
Examples:
  $ dist list
  $ dist list -q | wc -l
  $ dist list --json | jq -s 'map(.size) | add'`

export const listCommand: Define = (context, onExit) =>
  withTable(withStore(new Command('list')))
    .description('list the content of the store: digest, size, age')
    .option('-q, --quiet', 'print digests alone')
    .addHelpText('after', examples)
    .action(async (options) => {
      const { list } = await import('../actions/list.js')
      onExit(await list(context, options))
    })
