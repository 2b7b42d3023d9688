import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

export interface Rehashed {
  /** `alg:hex` of every blob file by its name. */
  readonly names: ReadonlySet<string>
  readonly bytes: number
  /** Files whose content is not what their name says. */
  readonly wrong: readonly string[]
}

/** Hashes every file under `blobs/` of an OCI layout, with nothing of the store's own code. */
export async function rehash(layout: string): Promise<Rehashed> {
  const names = new Set<string>()
  const wrong: string[] = []
  let bytes = 0
  for (const algorithm of await readdir(join(layout, 'blobs'))) {
    for (const hex of await readdir(join(layout, 'blobs', algorithm))) {
      const file = join(layout, 'blobs', algorithm, hex)
      const hash = createHash(algorithm)
      await pipeline(createReadStream(file), hash)
      names.add(`${algorithm}:${hex}`)
      if (hash.digest('hex') !== hex) wrong.push(file)
      bytes += (await stat(file)).size
    }
  }
  return { names, bytes, wrong }
}
