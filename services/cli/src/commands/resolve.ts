import { Command } from 'commander'
import { withOutput, withRemote } from '../options.js'
import type { Define } from './index.js'

const examples = `
Prints one line: name, media type, digest and size of what the reference means at its registry now. Nothing is
stored, and as a rule a HEAD request is all it takes.

Examples:
  $ dist resolve alpine:3.20
  $ dist resolve --json localhost:5000/app:1.2 | jq -r .digest`

export const resolveCommand: Define = (context, onExit) =>
  withRemote(withOutput(new Command('resolve')))
    .description('ask a registry what a reference means')
    .argument('<ref>', '[host/]repository[:tag][@digest]')
    .addHelpText('after', examples)
    .action(async (reference: string, options) => {
      const { resolve } = await import('../actions/resolve.js')
      onExit(await resolve(context, reference, options))
    })
