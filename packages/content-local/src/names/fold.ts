import { join } from 'node:path'
import { throwIfAborted } from '@dist/errdefs'
import { storeError } from '../files/errors.js'
import { writeWhole } from '../files/write.js'
import { temporarySuffix, uniqueFile } from '../ingest/entry.js'
import type { StoreDirectory } from '../store-directory.js'
import type { Journal } from './journal.js'
import type { Published } from './published.js'

/**
 * Moves the changes of the journal into `index.json`. Readers see the old file or the new one; a crash between any two steps
 * leaves the same names. The lock of the names must be held; nothing is replaced once `signal` aborts.
 */
export async function fold(
  directory: StoreDirectory,
  journal: Journal,
  published: Published,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    // Without a difference, a crash came between both steps.
    if (published.changed.size > 0)
      await replaceIndex(directory, published.index.withChanges(published.changed), signal)
    throwIfAborted(signal)
    await journal.remove()
  } catch (error) {
    throw storeError(directory.root, 'write of index.json', error)
  }
}

/** After a crash before the rename, `sweep` removes the temporary file. */
export async function replaceIndex(
  directory: StoreDirectory,
  content: Buffer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { files, ingest, root } = directory
  throwIfAborted(signal)
  await writeWhole(files, [content], join(ingest, uniqueFile(temporarySuffix)), join(root, 'index.json'))
  await directory.sync(root)
}
