import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
A write that somebody is at right now is left alone: end that process first.

Examples:
  $ dist abort my-layer
  $ dist active --json | jq -r 'select(.live | not) | .ref' | xargs -r dist abort`

export const abortCommand: Define = (context, onExit) =>
  withStore(new Command('abort'))
    .description('throw away writes that were cut off')
    .argument('<ref...>', 'writes, as dist active shows them')
    .addHelpText('after', examples)
    .action(async (refs: string[], options) => {
      const { abort } = await import('../actions/abort.js')
      onExit(await abort(context, refs, options))
    })
