import { hasCode } from '@dist/errdefs'
import type { Names } from './names.js'
import type { ContentStore } from './store.js'

/** A call of a store, at its end. */
export interface StoreCall {
  readonly operation: 'info' | 'open' | 'commit' | 'delete' | 'get-name' | 'put-name' | 'delete-name'
  /** An answer such as `NOT_FOUND` does not count as a failure of the store. */
  readonly failed: boolean
  readonly milliseconds: number
}

type OnCall = (call: StoreCall) => void

/** The content of a store that reports its calls. Writing is not reported: it waits for the source. */
export function measuredContent(content: ContentStore, onCall: OnCall): ContentStore {
  return {
    ...content,
    info: (digest) => measured('info', onCall, () => content.info(digest)),
    open: (desc, options) => measured('open', onCall, () => content.open(desc, options)),
    delete: (digest) => measured('delete', onCall, () => content.delete(digest)),
    writer: async (ref, expected, options) => {
      const writer = await content.writer(ref, expected, options)
      const commit = writer.commit.bind(writer)
      writer.commit = () => measured('commit', onCall, commit)
      return writer
    },
  }
}

type Calls = Pick<Names, 'get' | 'put' | 'delete'>

/** The calls of names that are reported. */
export function measuredNames(names: Calls, onCall: OnCall): Calls {
  return {
    get: (name) => measured('get-name', onCall, () => names.get(name)),
    put: (image) => measured('put-name', onCall, () => names.put(image)),
    delete: (name) => measured('delete-name', onCall, () => names.delete(name)),
  }
}

async function measured<T>(
  operation: StoreCall['operation'],
  onCall: OnCall,
  call: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const report = (failed: boolean) =>
    onCall({ operation, failed, milliseconds: performance.now() - startedAt })
  try {
    const answer = await call()
    report(false)
    return answer
  } catch (error) {
    report(!hasCode(error, 'NOT_FOUND', 'FAILED_PRECONDITION', 'CANCELED'))
    throw error
  }
}
