import { throwIfAborted } from '@dist/errdefs'
import type { Context } from '../context.js'
import { exitCodeOfAll } from '../exit.js'
import { note } from '../output.js'
import { describeError } from '../run.js'
import { traceDefect } from '../trace.js'

/**
 * Does the same for several arguments, one after the other. One's failure is said on stderr and leaves the others
 * alone; resolves to the exit code for all.
 */
export async function forEachOf<T>(
  context: Context,
  items: readonly T[],
  each: (item: T) => Promise<void>,
): Promise<number> {
  const results: { error?: unknown }[] = []
  for (const item of items) {
    throwIfAborted(context.signal)
    try {
      await each(item)
      results.push({})
    } catch (error) {
      results.push({ error })
      note(context, describeError(error))
      traceDefect(context, error)
    }
  }
  return exitCodeOfAll(results, context.signal)
}
