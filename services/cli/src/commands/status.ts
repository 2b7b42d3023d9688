import { Command } from 'commander'
import { withOutput, withQueue } from '../options.js'
import type { Define } from './index.js'

const examples = `
Without a run: the latest one. --watch follows it to its end, ends with its report and with the exit code that dist
mirror would have had; Ctrl-C leaves the run alone.

Examples:
  $ dist status
  $ dist status --watch 01hx3k
  $ dist status --report report.jsonl 01hx3k`

export const statusCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('status')))
    .description('show how far a run is, and what failed')
    .argument('[run]', 'a run, as dist runs shows it')
    .option('--watch', 'follow the run to its end')
    .option('--report <file>', 'write how it went for each image into a file, as JSON lines')
    .addHelpText('after', examples)
    .action(async (run: string | undefined, options) => {
      const { status } = await import('../actions/runs/status.js')
      onExit(await status(context, run, options))
    })
