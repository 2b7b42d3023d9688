import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Status } from '@dist/content'
import { openLocalStore } from '@dist/content-local'

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

/** The digests of a store's files, sorted, as their names tell them. */
export async function storedDigests(store: string): Promise<string[]> {
  return (await readdir(join(store, 'blobs', 'sha256'))).map((name) => `sha256:${name}`).sort()
}

/** Removes a name from a store, as `dist images rm` does. Its content stays. */
export async function removeName(store: string, name: string): Promise<void> {
  await using opened = await openLocalStore(store)
  await opened.names.delete(name)
}

/** The published names of a store, sorted. Commands and services may use it at the same time. */
export async function namesIn(store: string): Promise<string[]> {
  await using opened = await openLocalStore(store, { create: false })
  const names: string[] = []
  for await (const { name } of opened.names.list()) names.push(name)
  return names.sort()
}

/** The writes of a store, under way and interrupted, as `dist active` lists them. */
export async function writesIn(store: string): Promise<Status[]> {
  await using opened = await openLocalStore(store, { create: false })
  const writes: Status[] = []
  for await (const status of opened.content.statuses()) writes.push(status)
  return writes
}
