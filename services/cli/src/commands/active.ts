import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Also lists what was cut off and can be resumed: it has no speed. dist abort throws it away.

Examples:
  $ dist active
  $ dist active --watch`

export const activeCommand: Define = (context, onExit) =>
  withStore(new Command('active'))
    .description('show writes under way: ref, offset of total, age, speed')
    .option('--watch', 'show again each second, until interrupted')
    .addHelpText('after', examples)
    .action(async (options) => {
      const { active } = await import('../actions/active.js')
      onExit(await active(context, options))
    })
