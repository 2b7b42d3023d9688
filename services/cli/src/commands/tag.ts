import { Command } from 'commander'
import { withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Both names stand for the same content, which is stored once. A name that is there already is replaced.

Examples:
  $ dist tag alpine:3.20 registry.example.com/base/alpine:stable`

export const tagCommand: Define = (context, onExit) =>
  withStore(new Command('tag'))
    .description('give an image of the store another name')
    .argument('<ref>', 'an image, as dist images shows it')
    .argument('<new name>', 'the further name')
    .addHelpText('after', examples)
    .action(async (reference: string, name: string, options) => {
      const { tag } = await import('../actions/tag.js')
      onExit(await tag(context, reference, name, options))
    })
