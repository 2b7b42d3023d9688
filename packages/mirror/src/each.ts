/**
 * Calls a function for each item, for `concurrency` of them at the same time. The first error ends it: no further item
 * is taken, those under way end, and it is thrown.
 */
export async function forEachOf<T>(
  items: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  each: (item: T) => Promise<void>,
): Promise<void> {
  const queue = inTurn(items)
  let failed = false
  const take = async () => {
    try {
      while (!failed) {
        const next = await queue.next()
        if (next.done) return
        await each(next.value)
      }
    } catch (error) {
      failed = true
      throw error
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: concurrency }, take))
  await queue.return(undefined)
  const failure = ended.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}

/** A generator answers those who ask at the same time one after the other. */
async function* inTurn<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, undefined> {
  yield* items
}
