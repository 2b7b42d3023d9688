import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DistError, sanitize } from '@dist/errdefs'
import type { Locker } from '@dist/locks'
import { algorithms, isRecord } from '@dist/oci'
import { makeDirectory } from './files/directories.js'
import { failedWith, storeError } from './files/errors.js'
import { temporarySuffix, uniqueFile } from './ingest/entry.js'
import type { StoreDirectory } from './store-directory.js'

// OCI image spec, "oci-layout file".
const layoutFile = 'oci-layout'
const layoutVersion = '1.0.0'
/** Makes a layout a dist store. Other readers of the layout ignore it. */
const storeFile = 'dist.json'

/**
 * The id of the store; undefined if there is none yet. Writes nothing. `NOT_IMPLEMENTED` for a newer layout,
 * `INVALID_ARGUMENT` for a directory with other files.
 */
export function readLayout({ root }: StoreDirectory): string | undefined {
  try {
    const layout = readJson(join(root, layoutFile))
    if (layout === undefined) refuseForeign(root)
    else checkVersion(root, layout)
    const store = layout === undefined ? undefined : readJson(join(root, storeFile))
    return isRecord(store) && typeof store.id === 'string' ? store.id : undefined
  } catch (error) {
    throw storeError(root, 'open', error)
  }
}

/** Whether the directory is a layout, made by dist or by another tool. */
export function hasLayout({ root }: StoreDirectory): boolean {
  return existsSync(join(root, layoutFile))
}

/** Makes the directory a layout, without its index. Adds directories that a copy of the store lost. */
export function createLayout(directory: StoreDirectory): void {
  const { root } = directory
  try {
    makeDirectory(root)
    // First: it distinguishes a store in the making from a directory with other files.
    if (!existsSync(join(root, layoutFile)))
      replaceFile(root, join(root, layoutFile), { imageLayoutVersion: layoutVersion })
    const blobs = algorithms.map((algorithm) => directory.blobs(algorithm))
    for (const path of [...blobs, directory.ingest, directory.locks]) {
      if (!existsSync(path)) makeDirectory(path)
    }
  } catch (error) {
    throw storeError(root, 'create', error)
  }
}

/** Gives a store its id. Processes that create the same store at the same time get the same id. */
export async function createId(directory: StoreDirectory, locker: Locker): Promise<string> {
  await using _ = await locker.acquire('store')
  const existing = readLayout(directory)
  if (existing !== undefined) return existing
  const id = randomUUID()
  try {
    replaceFile(directory.root, join(directory.root, storeFile), { id })
  } catch (error) {
    throw storeError(directory.root, 'create', error)
  }
  return id
}

function checkVersion(root: string, layout: unknown): void {
  const version = isRecord(layout) ? layout.imageLayoutVersion : undefined
  if (typeof version !== 'string')
    throw new DistError('MALFORMED', `${join(root, layoutFile)}: no imageLayoutVersion`)
  if (version.split('.')[0] !== layoutVersion.split('.')[0] || version > layoutVersion) {
    throw new DistError(
      'NOT_IMPLEMENTED',
      `store ${root}: layout version ${sanitize(version, 40)} is not supported, expected ${layoutVersion}; use a newer dist`,
    )
  }
}

/** A mistyped path must not turn a directory with other files into a store. */
function refuseForeign(root: string): void {
  // The root of a new volume contains `lost+found`.
  const foreign = list(root).filter((name) => name !== 'lost+found' && !name.endsWith(temporarySuffix))
  // The layout file is made first: if it exists now, another process is making the store.
  if (foreign.length === 0 || existsSync(join(root, layoutFile))) return
  throw new DistError(
    'INVALID_ARGUMENT',
    `${root}: neither empty nor an OCI image layout: it contains ${sanitize(foreign[0] ?? '', 60)}; choose another directory`,
  )
}

/** Replaces a file atomically: writes a temporary file, then renames it. */
function replaceFile(root: string, path: string, document: unknown): void {
  const temporary = join(root, uniqueFile(temporarySuffix))
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
    throw new DistError('MALFORMED', `${path}: not JSON`, { cause })
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
