import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import type { Locker } from '@dist/locks'
import { algorithms, isRecord } from '@dist/oci'
import { makeDirectory } from './files/directories.js'
import { failedWith, storeError } from './files/errors.js'
import { ownFile, temporarySuffix } from './ingest/entry.js'
import type { Place } from './place.js'

// OCI image spec, "oci-layout file".
const layoutFile = 'oci-layout'
const layoutVersion = '1.0.0'
/** What makes a layout a store of ours; other readers of the layout pass over it. */
const storeFile = 'dist.json'

/**
 * The id of the store that is there; undefined where there is none yet. Changes nothing.
 * `NOT_IMPLEMENTED` for a newer layout, `INVALID_ARGUMENT` for a directory that holds something else.
 */
export function readLayout({ root }: Place): string | undefined {
  try {
    const layout = readJson(join(root, layoutFile))
    if (layout === undefined) refuseForeign(root)
    else checkVersion(root, layout)
    const store = layout === undefined ? undefined : readJson(join(root, storeFile))
    return isRecord(store) && typeof store.id === 'string' ? store.id : undefined
  } catch (error) {
    throw storeError(root, 'opening', error)
  }
}

/** Whether the directory is a layout, of ours or of another tool. */
export function hasLayout({ root }: Place): boolean {
  return existsSync(join(root, layoutFile))
}

/** Makes the directory a layout, but for its index; makes up for directories that a copy of the store lost. */
export function createLayout(place: Place): void {
  const { root } = place
  try {
    makeDirectory(root)
    // First, since it tells a store that is half made from a directory that is somebody else's.
    if (!existsSync(join(root, layoutFile)))
      replaceFile(root, join(root, layoutFile), { imageLayoutVersion: layoutVersion })
    const blobs = algorithms.map((algorithm) => place.blobs(algorithm))
    for (const directory of [...blobs, place.ingest, place.locks]) {
      if (!existsSync(directory)) makeDirectory(directory)
    }
  } catch (error) {
    throw storeError(root, 'creating', error)
  }
}

/** Gives a store its id; of several who create one store at a time, all get the same. */
export async function giveId(place: Place, locker: Locker): Promise<string> {
  await using _ = await locker.acquire('store')
  const there = readLayout(place)
  if (there !== undefined) return there
  const id = randomUUID()
  try {
    replaceFile(place.root, join(place.root, storeFile), { id })
  } catch (error) {
    throw storeError(place.root, 'creating', error)
  }
  return id
}

function checkVersion(root: string, layout: unknown): void {
  const version = isRecord(layout) ? layout.imageLayoutVersion : undefined
  if (typeof version !== 'string')
    throw new DistError('MALFORMED', `${join(root, layoutFile)} has no imageLayoutVersion`)
  if (version.split('.')[0] !== layoutVersion.split('.')[0] || version > layoutVersion) {
    throw new DistError(
      'NOT_IMPLEMENTED',
      `the store at ${root} has layout version ${sanitize(version, 40)}; this program knows ${layoutVersion}: use a newer one`,
    )
  }
}

/** A directory with something else in it must not become a store by a mistyped path. */
function refuseForeign(root: string): void {
  // `lost+found` is in the root of a fresh volume.
  const there = list(root).filter((name) => name !== 'lost+found' && !name.endsWith(temporarySuffix))
  // The layout file is made before all else: if it is there by now, another process is just making the store.
  if (there.length === 0 || existsSync(join(root, layoutFile))) return
  throw new DistError(
    'INVALID_ARGUMENT',
    `${root} is neither empty nor an OCI image layout (it holds ${sanitize(there[0] ?? '', 60)}): choose another directory`,
  )
}

/** Never half a file, whatever happens: written beside it, then renamed. */
function replaceFile(root: string, path: string, document: unknown): void {
  const temporary = join(root, ownFile(temporarySuffix))
  writeFileSync(temporary, `${JSON.stringify(document)}\n`, { flush: true })
  renameSync(temporary, path)
}

function readJson(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DistError('MALFORMED', `${path} is not JSON`, { cause })
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return []
    throw error
  }
}
