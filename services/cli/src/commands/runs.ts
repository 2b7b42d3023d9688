import { Command } from 'commander'
import { withOutput, withQueue, withTable } from '../options.js'
import type { Define } from './index.js'

const examples = `
Newest first. A run that is lost is one whose jobs the queue no longer has: submit it again, only what is missing is
fetched.

Examples:
  $ dist runs --queue redis://10.0.0.5:6379
  $ dist runs --json | jq -r 'select(.state == "failed") | .id' | xargs -rn1 dist retry`

export const runsCommand: Define = (context, onExit) =>
  withTable(withQueue(withOutput(new Command('runs'))))
    .description('list the runs of a queue')
    .addHelpText('after', examples)
    .action(async (options) => {
      const { listRuns } = await import('../actions/runs/list.js')
      onExit(await listRuns(context, options))
    })
