import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import type { LedgerFiles } from '@dist/content'
import { makeDirectory } from './files/directories.js'
import { failedWith, storeError } from './files/errors.js'
import { inside } from './files/paths.js'
import { writeWhole } from './files/write.js'
import { temporarySuffix, uniqueFile } from './ingest/entry.js'
import type { StoreDirectory } from './store-directory.js'

const suffix = '.json.gz'

/** The ledgers of a directory, one file each. Other readers of the layout ignore them. */
export function localLedgerFiles(directory: StoreDirectory): LedgerFiles {
  const { root, files, ledgers } = directory
  const locate = (key: string) => inside(ledgers, `${key}${suffix}`)
  return {
    locate,
    read: async (key) => {
      try {
        return await readFile(locate(key))
      } catch (error) {
        if (failedWith(error, 'ENOENT')) return undefined
        throw storeError(root, 'read of a ledger', error)
      }
    },
    write: async (key, content) => {
      const temporary = inside(directory.ingest, uniqueFile(temporarySuffix))
      try {
        if (!existsSync(ledgers)) makeDirectory(ledgers)
        await writeWhole(files, [content], temporary, locate(key))
        await directory.sync(ledgers)
      } catch (error) {
        throw storeError(root, 'write of a ledger', error)
      }
    },
    async *keys() {
      for (const file of await filesIn(directory))
        if (file.endsWith(suffix)) yield file.slice(0, -suffix.length)
    },
  }
}

async function filesIn({ root, ledgers }: StoreDirectory): Promise<string[]> {
  try {
    return await readdir(ledgers)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw storeError(root, 'list of ledgers', error)
  }
}
