import { throwIfAborted } from '@dist/errdefs'
import type { Context } from './context.js'
import { describeError, jsonError } from './errors/describe.js'
import { exitCodeOfAll } from './errors/exit.js'
import { traceDefect } from './errors/trace.js'
import { typedName } from './output/names.js'
import { note, printJson } from './output/print.js'

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
/** What `map` makes of each item, in their order, with up to `ahead` of them under way at the same time. */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  ahead: number,
  map: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const pending: Promise<R>[] = []
  for await (const item of items) {
    const result = map(item)
    // It is awaited in its turn; a failure of another one before must not end the process.
    result.catch(() => {})
    pending.push(result)
    if (pending.length >= ahead) yield* await Promise.all(pending.splice(0, 1))
  }
  for (const result of pending) yield await result
}
