import { Command } from 'commander'
import { withQueue, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Reads everything and compares it with its digest. Without a reference that is all content of the store, and what its
images need and it lacks. Prints a line for each object that is bad, with all images that need it, and a summary.

What is damaged comes back when it is deleted (dist delete --force) and its images are pulled again; what is missing, by
the pull alone.

With a queue the workers that share it read their own store: all that its images need, each digest once, one job for
each. Ctrl-C detaches. Exit code 5: something did not verify.

Examples:
  $ dist verify
  $ dist verify alpine:3.20
  $ dist verify --queue redis://10.0.0.5:6379 --report bad.jsonl
  $ dist verify --json | jq -r 'select(.state == "damaged") | .digest' | xargs -r dist delete --force`

export const verifyCommand: Define = (context, onExit) =>
  withQueue(withStore(new Command('verify')))
    .description('hash stored content again, and name the images that bad content affects')
    .argument('[ref...]', 'only what these images need, as dist images shows them')
    .option('--detach', 'with a queue: submit the run, print its id, and do not wait')
    .option('--report <file>', 'with a queue: write how it went for each image into a file, as JSON lines')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => {
      const { verify } = await import('../actions/verify.js')
      onExit(await verify(context, references, options))
    })
