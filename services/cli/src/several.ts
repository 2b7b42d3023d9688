import { throwIfAborted } from '@dist/errdefs'
import type { Context } from './context.js'
import { describeError, exitCodeOfAll, jsonError, traceDefect } from './errors/errors.js'
import { typedName } from './output/format.js'
import { note, printJson } from './output/print.js'

export interface SeveralOptions {
  json?: boolean | undefined
  /** The JSON member with the name of an item. */
  member: string
}

/**
 * Calls a function for several arguments, one after the other. A failure is reported to stderr, with `json` also to stdout,
 * and does not stop the others. Resolves to the exit code of all.
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
/** The results of `map` in the order of the items, with up to `ahead` calls at the same time. */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  ahead: number,
  map: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const pending: Promise<R>[] = []
  for await (const item of items) {
    const result = map(item)
    // It is awaited in its turn. Until then its failure must not end the process as unhandled.
    result.catch(() => {})
    pending.push(result)
    if (pending.length >= ahead) yield* await Promise.all(pending.splice(0, 1))
  }
  for (const result of pending) yield await result
}
