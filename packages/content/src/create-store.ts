import { DistError, throwIfAborted } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import type { Expected, Ingester, WriteOptions } from './content.js'
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
    ...(driver.recall === undefined ? {} : { recall: driver.recall.bind(driver) }),
    ...(driver.noteStored === undefined ? {} : { noteStored: driver.noteStored.bind(driver) }),
    info: async (digest) => (await driver.stat(digest)) ?? missing(digest),
    find: (digest) => driver.stat(digest),
    walk: () => driver.walk(),
    statuses: () => driver.statuses(),
    abort: (ref) => driver.discard(ref),
    delete: async (digest) => {
      if (!(await driver.delete(digest))) missing(digest)
    },
    remove: (digests) => (driver.remove === undefined ? removeEach(driver, digests) : driver.remove(digests)),
  }
}

async function removeEach(driver: Driver, digests: readonly Digest[]): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  for (const digest of digests)
    await driver.delete(digest).catch((error: unknown) => {
      failure ??= { error }
    })
  if (failure !== undefined) throw failure.error
}

/** An ingester on a driver that only takes content, for example a repository of a registry. */
export function createIngester(driver: Pick<Driver, 'stat' | 'draft' | 'recall'>): Ingester {
  return {
    writer: (ref, expected, options = {}) => openExpected(driver, ref, narrow(expected), options),
  }
}

async function openExpected(
  driver: Pick<Driver, 'stat' | 'draft' | 'recall'>,
  ref: string,
  expected: Expected,
  options: WriteOptions,
) {
  throwIfAborted(options.signal)
  const { digest, size } = expected
  const stored = await storedSize(driver, expected, options)
  if (stored === undefined) return openWriter(driver, ref, expected, options)
  if (size !== undefined && size !== stored)
    throw new DistError(
      'FAILED_PRECONDITION',
      `${digest} is in the store with ${stored} bytes, expected ${size}`,
    )
  throw new DistError('ALREADY_EXISTS', `${digest} is in the store`)
}

/** Content of at most so many bytes is written although it may have come since it was absent. To ask again costs as much. */
const smallSize = 256 * 1024

async function storedSize(
  driver: Pick<Driver, 'stat' | 'recall'>,
  { digest, size }: Expected,
  { recent = false, absent = false }: WriteOptions,
): Promise<number | undefined> {
  if (digest === undefined) return undefined
  const isSmall = size !== undefined && size <= smallSize
  if (absent && isSmall) return undefined
  const recalled = recent && isSmall ? await driver.recall?.(digest) : undefined
  return recalled === undefined ? (await driver.stat(digest))?.size : recalled.size
}

/** Drops other members: callers may pass a whole descriptor, and drivers store what is expected. */
function narrow({ digest, size }: Expected): Expected {
  return { digest, size }
}

function missing(digest: Digest): never {
  throw new DistError('NOT_FOUND', `${digest} is not in the store`)
}
