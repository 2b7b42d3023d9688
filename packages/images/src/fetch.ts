import { copyContent, type Ingester } from '@dist/content'
import { isAlreadyExists } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import type { Handler } from './handler.js'

/** Fetches the bytes of a descriptor, from the start. */
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

/** The ref for writing the content of a descriptor: one writer per digest. */
export function writeRef(desc: Pick<Descriptor, 'digest'>): string {
  return `blob-${desc.digest}`
}
