import { throwIfAborted } from '@dist/errdefs'
import type { Context } from '../context.js'
import { exitCodeOfAll } from '../exit.js'
import { note, printJson } from '../output.js'
import { describeError, jsonError } from '../run.js'
import { traceDefect } from '../trace.js'
import { typedName } from './names.js'

export interface SeveralOptions {
  json?: boolean | undefined
  /** The member that names an item in JSON. */
  member: string
}

/**
 * Does the same for several arguments, one after the other. One's failure is said on stderr, and with `json` on stdout as
 * well, and leaves the others alone; resolves to the exit code for all.
 */
export async function forEachOf<T>(
  context: Context,
  items: readonly T[],
  { json, member }: SeveralOptions,
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
      if (json)
        printJson(context, {
          [member]: typeof item === 'string' ? typedName(item) : item,
          ...jsonError(error),
        })
      note(context, describeError(error))
      traceDefect(context, error)
    }
  }
  return exitCodeOfAll(results, context.signal)
}
