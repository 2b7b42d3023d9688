import { DistError, throwIfAborted } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import type { Expected, Ingester } from './content.js'
import type { Driver } from './driver.js'
import type { ContentStore } from './store.js'
import { openWriter } from './writer.js'

/** A content store on a driver. It verifies size and digest for every driver. */
export function createStore(driver: Driver): ContentStore {
  return {
    open: async (desc, options = {}) => {
      throwIfAborted(options.signal)
      return driver.read(desc.digest, options)
    },
    ...createIngester(driver),
    info: async (digest) => (await driver.stat(digest)) ?? missing(digest),
    walk: () => driver.walk(),
    statuses: () => driver.statuses(),
    abort: (ref) => driver.discard(ref),
    delete: async (digest) => {
      if (!(await driver.delete(digest))) missing(digest)
    },
  }
}

/** An ingester on a driver that only takes content, for example a repository of a registry. */
export function createIngester(driver: Pick<Driver, 'stat' | 'draft'>): Ingester {
  return {
    writer: (ref, expected, options = {}) => openExpected(driver, ref, narrow(expected), options),
  }
}

async function openExpected(
  driver: Pick<Driver, 'stat' | 'draft'>,
  ref: string,
  expected: Expected,
  options: { signal?: AbortSignal | undefined },
) {
  throwIfAborted(options.signal)
  const { digest, size } = expected
  const info = digest === undefined ? undefined : await driver.stat(digest)
  if (info === undefined) return openWriter(driver, ref, expected, options)
  if (size !== undefined && size !== info.size) {
    throw new DistError(
      'FAILED_PRECONDITION',
      `${digest} is in the store with ${info.size} bytes, expected ${size}`,
    )
  }
  throw new DistError('ALREADY_EXISTS', `${digest} is in the store`)
}

/** Drops other members: callers may pass a whole descriptor, and drivers store what is expected. */
function narrow({ digest, size }: Expected): Expected {
  return { digest, size }
}

function missing(digest: Digest): never {
  throw new DistError('NOT_FOUND', `${digest} is not in the store`)
}
