import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openStore } from '../open/store.js'
import { duration, type StoreOptions, withStore } from '../options.js'
import { formatBytes, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'

const examples = `
Writes in progress are kept, whatever their age. Prints the refs of the discarded writes.

Examples:
  $ dist sweep
  $ dist sweep --older-than 1h`

export const sweepCommand: Define = (context, onExit) =>
  withStore(new Command('sweep'))
    .addOption(
      new Option('--older-than <duration>', 'writes without progress for this time')
        .argParser(duration)
        .default(86_400_000, '24h'),
    )
    .addHelpText('after', examples)
    .action(async (options) => onExit(await sweep(context, options)))

export interface SweepOptions extends StoreOptions {
  /** Milliseconds. */
  olderThan: number
}

/** `dist sweep`: discards old interrupted writes. */
export async function sweep(context: Context, options: SweepOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const swept = await store.sweep(options.olderThan, (remark) => note(context, remark))
  for (const { ref, size, updatedAt } of swept) {
    if (options.json) printJson(context, { ref, size, updatedAt })
    else if (ref !== undefined) print(context, shownName(ref))
  }
  const bytes = swept.reduce((sum, { size }) => sum + size, 0)
  if (swept.length > 0) note(context, `${formatBytes(bytes)} freed`)
  return exitCodes.done
}
