import { Command } from 'commander'
import { withQueue, withStore, withTable } from '../options.js'
import type { Define } from './index.js'

const examples = `
Also lists what was cut off and can be resumed: it has no speed. dist abort throws it away.
With a queue: the writes under way of all its workers, each with its worker's name; --store looks at a store again.

Examples:
  $ dist active
  $ dist active --watch
  $ dist active --queue redis://10.0.0.5:6379`

export const activeCommand: Define = (context, onExit) =>
  withTable(withQueue(withStore(new Command('active'))))
    .description('show writes under way: ref, offset of total, age, speed')
    .option('--watch', 'show again each second, until interrupted')
    .addHelpText('after', examples)
    .action(async (options) => {
      const { active } = await import('../actions/active.js')
      onExit(await active(context, options))
    })
