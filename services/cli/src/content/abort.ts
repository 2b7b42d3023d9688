import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore } from '../options.js'
import { print, printJson } from '../output/print.js'
import { forEachOf } from '../several.js'

const examples = `
A write that is in progress is kept: end its process first.

Examples:
  $ dist abort my-layer
  $ dist active --json | jq -r 'select(.live | not) | .ref' | xargs -r dist abort`

export const abortCommand: Define = (context, onExit) =>
  withStore(new Command('abort'))
    .argument('<ref...>', 'refs of writes, as dist active shows them')
    .addHelpText('after', examples)
    .action(async (refs: string[], options) => onExit(await abort(context, refs, options)))

/** `dist abort`: discards interrupted writes. */
export async function abort(
  context: Context,
  refs: readonly string[],
  options: StoreOptions,
): Promise<number> {
  await using store = await openStore(options, context.env)
  return await forEachOf(context, refs, { json: options.json, member: 'ref' }, async (ref) => {
    await store.content.abort(ref)
    if (options.json) printJson(context, { ref })
    else print(context, ref)
  })
}
