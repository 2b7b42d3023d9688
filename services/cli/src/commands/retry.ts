import { Command } from 'commander'
import { withOutput, withQueue } from '../options.js'
import type { Define } from './index.js'

const examples = `
Only the images that failed are tried again, and of them only what is missing is fetched. Prints the run and how many
images that are.

Examples:
  $ dist retry 01hx3k
  $ dist retry 01hx3k && dist status --watch 01hx3k`

export const retryCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('retry')))
    .description('try the failed images of a run once more')
    .argument('<run>', 'a run, as dist runs shows it')
    .addHelpText('after', examples)
    .action(async (run: string, options) => {
      const actions = await import('../actions/runs/retry.js')
      onExit(await actions.retry(context, run, options))
    })
