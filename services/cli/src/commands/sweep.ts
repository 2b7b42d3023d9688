import { Command, Option } from 'commander'
import { duration, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Writes that go on are left alone, however old they are. Prints the refs of those that went.

Examples:
  $ dist sweep
  $ dist sweep --older-than 1h`

export const sweepCommand: Define = (context, onExit) =>
  withStore(new Command('sweep'))
    .description('throw away writes that were abandoned long ago')
    .addOption(
      new Option('--older-than <duration>', 'those without a byte for so long')
        .argParser(duration)
        .default(86_400_000, '24h'),
    )
    .addHelpText('after', examples)
    .action(async (options) => {
      const { sweep } = await import('../actions/sweep.js')
      onExit(await sweep(context, options))
    })
