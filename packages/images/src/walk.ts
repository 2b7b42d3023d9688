import type { Descriptor } from '@dist/oci'
import type { Handler, HandlerContext } from './handler.js'
import { childrenBy, Visited } from './visit.js'

/**
 * Calls the handler for each root, then for its children, and so on: parents before children, siblings one after
 * the other, each digest once. The first error ends the walk. Throws `MALFORMED` for trees that are too deep, too
 * wide, have too many bytes of manifests, or name one digest with two sizes.
 */
export async function walk(
  handler: Handler,
  roots: readonly Descriptor[],
  context: HandlerContext = {},
): Promise<void> {
  await walkLevel(handler, roots, context, new Visited(), 0)
}

async function walkLevel(
  handler: Handler,
  descs: readonly Descriptor[],
  context: HandlerContext,
  visited: Visited,
  depth: number,
): Promise<void> {
  for (const desc of descs) {
    if (!visited.add(desc, depth)) continue
    await walkLevel(handler, await childrenBy(handler, desc, context), context, visited, depth + 1)
  }
}
