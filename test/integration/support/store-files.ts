import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/**
 * The digests of a store's files, sorted, each hashed without code of the store. Throws when a file
 * is not what its name says, or is no content at all.
 */
export async function rehash(store: string): Promise<string[]> {
  const folder = join(store, 'blobs', 'sha256')
  const digests: string[] = []
  for (const name of await readdir(folder)) {
    const hash = createHash('sha256')
    await pipeline(createReadStream(join(folder, name)), hash)
    const found = hash.digest('hex')
    if (found !== name) throw new Error(`${name} has digest ${found}`)
    digests.push(`sha256:${name}`)
  }
  return digests.sort()
}

/** Locks and writes under way that are left in a store. */
export async function leftovers(store: string): Promise<string[]> {
  const inside = async (folder: string) =>
    (await readdir(join(store, folder), { recursive: true })).map((name) => `${folder}/${name}`)
  return [...(await inside('locks')), ...(await inside('ingest'))]
}
