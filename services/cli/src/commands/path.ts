import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
The files are for reading: the store trusts that content stays as it was verified.

Examples:
  $ dist path sha256:9f86d0...
  $ tar -tzf "$(dist path -n sha256:9f86d0...)"`

export const pathCommand: Define = (context, onExit) =>
  withStore(new Command('path'))
    .description('print where content is: digest, and path or S3 URL')
    .argument('<digest...>', 'content of the store')
    .option('-n, --no-digest', 'print the path alone')
    .addHelpText('after', examples)
    .action(async (digests: string[], options) => {
      const { path } = await import('../actions/path.js')
      onExit(await path(context, digests, options))
    })
