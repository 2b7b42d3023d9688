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
