import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { formatBytes } from '../format.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { shownName } from './names.js'

export interface SweepOptions extends StoreOptions {
  /** Milliseconds. */
  olderThan: number
}

/** `dist sweep`: removes what abandoned writes left. */
export async function sweep(context: Context, options: SweepOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const swept = await store.sweep(options.olderThan, (remark) => note(context, remark))
  for (const { ref, size, updatedAt } of swept) {
    if (options.json) printJson(context, { ref, size, updatedAt })
    else if (ref !== undefined) print(context, shownName(ref))
  }
  const bytes = swept.reduce((sum, { size }) => sum + size, 0)
  if (swept.length > 0) note(context, `${formatBytes(bytes)} set free`)
  return exitCodes.done
}
