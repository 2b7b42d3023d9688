import { chunkSize } from './head.js'

/** Lists of bounded length, in JSON. */
export function jsonLists(items: readonly unknown[]): string[] {
  const lists: string[] = []
  for (let start = 0; start < items.length; start += chunkSize)
    lists.push(JSON.stringify(items.slice(start, start + chunkSize)))
  return lists
}
