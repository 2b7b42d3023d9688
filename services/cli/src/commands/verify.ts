import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Reads everything and compares it with its digest. Without a reference that is all content of the store, and what its
images need and it lacks. Prints a line for each object that is bad, with all images that need it, and a summary.

What is damaged comes back when it is deleted and its images are pulled again; what is missing, by the pull alone.

Examples:
  $ dist verify
  $ dist verify alpine:3.20
  $ dist verify --json | jq -r 'select(.state == "damaged") | .digest' | xargs -r dist delete`

export const verifyCommand: Define = (context, onExit) =>
  withStore(new Command('verify'))
    .description('hash stored content again, and name the images that bad content affects')
    .argument('[ref...]', 'only what these images need, as dist images shows them')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => {
      const { verify } = await import('../actions/verify.js')
      onExit(await verify(context, references, options))
    })
