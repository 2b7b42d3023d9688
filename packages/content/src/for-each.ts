import pLimit from 'p-limit'

/**
 * Calls a function for each item, up to `concurrency` of them at the same time. Takes an item from the source only when
 * it can be handled, so listings of any length use little memory. The first error stops it: no further item is handled,
 * the calls that run end, and it is thrown.
 */
export async function forEachConcurrently<T>(
  items: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  handle: (item: T) => Promise<void>,
): Promise<void> {
  const limit = pLimit(concurrency)
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
  }
  /** Resolves once the item has a slot. */
  const start = (item: T) =>
    new Promise<void>((resolve) => {
      const call = limit(async () => {
        resolve()
        if (failure === undefined) await handle(item)
      })
        .catch(fail)
        .finally(() => running.delete(call))
      running.add(call)
    })
  try {
    for await (const item of items) {
      await start(item)
      if (failure !== undefined) break
    }
  } catch (error) {
    fail(error)
  }
  await Promise.all(running)
  if (failure !== undefined) throw failure.error
}
