import { copyContent, type Ingester } from '@dist/content'
import { isAlreadyExists } from '@dist/errdefs'
import { type Handler, skipDesc, writeRef } from '@dist/images'
import type { Descriptor } from '@dist/oci'

export interface FetcherLike {
  fetch(
    desc: Descriptor,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<{ body: AsyncIterable<Uint8Array> }>
}

/** Copies the content of each descriptor into a store that does not have it. Returns no children. */
export function fetchHandler(ingester: Ingester, fetcher: FetcherLike): Handler {
  return async (desc, { signal }) => {
    const options = { signal }
    try {
      await using writer = await ingester.writer(writeRef(desc), desc, options)
      if (writer.status.offset > 0) await writer.restart()
      const { body } = await fetcher.fetch(desc, options)
      await copyContent(writer, body, options)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    return []
  }
}

/**
 * Combines handlers: calls each in turn and returns the children of all, in order. `skipDesc` from one ends the chain for
 * this descriptor.
 */
export function handlers(...chain: readonly Handler[]): Handler {
  return async (desc, context) => {
    const children: Descriptor[] = []
    for (const handler of chain) {
      const result = await handler(desc, context)
      if (result === skipDesc) return skipDesc
      for (const child of result) children.push(child)
    }
    return children
  }
}
