import { Command } from 'commander'
import { withOutput, withQueue } from '../options.js'
import type { Define } from './index.js'

const examples = `
Workers notice within a second or so. Images that are published stay published.

Examples:
  $ dist cancel 01hx3k`

export const cancelCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('cancel')))
    .description('give a run up')
    .argument('<run>', 'a run, as dist runs shows it')
    .addHelpText('after', examples)
    .action(async (run: string, options) => {
      const actions = await import('../actions/runs/cancel.js')
      onExit(await actions.cancel(context, run, options))
    })
