import { Command } from 'commander'
import { withStore, withTable } from '../options.js'
import type { Define } from './index.js'

const examples = `
Shows each descriptor below the image with its size, its platform, and whether its content is in the store. What
the image was pulled without (other platforms) is marked as not selected.

Examples:
  $ dist inspect alpine:3.20
  $ dist inspect --json alpine:3.20 | jq '.. | objects | select(.present == false) | .digest'`

export const inspectCommand: Define = (context, onExit) =>
  withTable(withStore(new Command('inspect')))
    .description('show what an image consists of, and what of it is stored')
    .argument('<ref>', 'an image, as dist images shows it')
    .addHelpText('after', examples)
    .action(async (reference: string, options) => {
      const { inspect } = await import('../actions/inspect.js')
      onExit(await inspect(context, reference, options))
    })
