import { accessSync } from 'node:fs'
import { DistError, isCanceled, sanitize, throwIfAborted } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import type { TarHeader } from '@dist/tar'
import { decompress, readTar } from '@dist/tar'
import { prefixError } from '../errors.js'
import { isPrivileged, restoreAttributes, restoreRoot } from './attributes.js'
import { applyEntry } from './entries.js'
import { NoJournal, UndoJournal } from './journal.js'
import { Meter } from './meter.js'
import { type Applied, type ApplyOptions, defaultLimits } from './options.js'
import { Tree } from './tree.js'

/**
 * Applies a layer (a tar archive: plain, gzip or zstd) to an existing directory, as the OCI image spec defines it: entries
 * replace existing files, whiteouts remove files of lower layers. Never touches anything outside the directory, whatever
 * the layer contains and however another process changes the directory meanwhile. Without root, all files belong to the
 * user, and devices are left out with a warning. Extended attributes are always left out with a warning.
 *
 * A failure leaves the directory as it was, unless `undo` is false. Throws `MALFORMED` for a layer that is invalid or
 * truncated, or has an entry outside the directory; `FAILED_PRECONDITION` for another diffID; `RESOURCE_EXHAUSTED` for a
 * limit, naming it, or a full disk; `NOT_IMPLEMENTED` for an unsupported compression, a sparse file, and on systems other
 * than Linux; `NOT_FOUND` without the directory; `PERMISSION_DENIED`; `ALREADY_EXISTS` for names that are equal for the
 * file system; `UNAVAILABLE` when another process changes the directory at the same time.
 */
export async function applyLayer(
  directory: string,
  layer: AsyncIterable<Uint8Array>,
  options: ApplyOptions = {},
): Promise<Applied> {
  const limits = { ...defaultLimits, ...options.limits }
  const tree = openTree(directory, limits.depth, options.undo ?? true)
  try {
    const applied = await applyOrUndo(tree, layer, new Meter(limits, options), options)
    tree.journal.discard()
    restoreRoot(tree)
    return applied
  } finally {
    tree.close()
  }
}

function openTree(directory: string, depth: number, undo: boolean): Tree {
  try {
    accessSync('/proc/self/fd')
  } catch (error) {
    throw new DistError('NOT_IMPLEMENTED', 'layers can be applied on Linux only, with /proc mounted', {
      cause: error,
    })
  }
  try {
    return new Tree(directory, depth, (tree) => (undo ? new UndoJournal(tree) : new NoJournal(tree)))
  } catch (error) {
    throw prefixError(sanitize(directory), error)
  }
}

async function applyOrUndo(
  tree: Tree,
  layer: AsyncIterable<Uint8Array>,
  meter: Meter,
  options: ApplyOptions,
): Promise<Applied> {
  try {
    const entries = await applyEntries(tree, layer, meter, options)
    const { digester } = meter
    const { size } = digester
    const applied = { diffID: digester.digest(), size, entries }
    verifyDiffID(applied, options.diffID)
    throwIfAborted(options.signal)
    restoreAttributes(tree)
    return applied
  } catch (error) {
    tree.journal.undo(error)
    throw error
  }
}

async function applyEntries(
  tree: Tree,
  layer: AsyncIterable<Uint8Array>,
  meter: Meter,
  { signal, onWarning, diffID, verified = false }: ApplyOptions,
): Promise<number> {
  const warnings = new Warnings(onWarning)
  const reading = { signal }
  const uncompressed = meter.uncompressed(decompress(meter.given(layer), reading))
  let count = 0
  // The digest of the layer shows whether it is truncated.
  const openEnd = verified || diffID !== undefined
  for await (const entry of readTar(uncompressed, { ...reading, openEnd })) {
    throwIfAborted(signal)
    const { header } = entry
    meter.entry(++count, header.rawName)
    try {
      await applyEntry(tree, entry, (reason) => warnings.warn(header, reason))
    } catch (error) {
      // An error of the source of the layer is not about the entry.
      throw error === meter.failure || isCanceled(error) ? error : prefixError(sanitize(header.name), error)
    }
    warnings.warnOfOwner(header)
  }
  return count
}

function verifyDiffID({ diffID }: Applied, expected: Digest | undefined): void {
  if (expected !== undefined && diffID !== expected)
    throw new DistError(
      'FAILED_PRECONDITION',
      `layer: diffID mismatch: expected ${expected}, actual ${diffID}`,
    )
}

/** Reports what is left out. That owners cannot be set is reported once, for all entries. */
export class Warnings {
  readonly #onWarning: ApplyOptions['onWarning']
  readonly #uid = process.geteuid?.()
  readonly #gid = process.getegid?.()
  #checksOwners = !isPrivileged()

  constructor(onWarning: ApplyOptions['onWarning']) {
    this.#onWarning = onWarning
  }

  warn(header: TarHeader, reason: string): void {
    this.#onWarning?.({ entry: sanitize(header.name), reason })
  }

  warnOfOwner(header: TarHeader): void {
    if (!this.#checksOwners || (header.uid === this.#uid && header.gid === this.#gid)) return
    this.#checksOwners = false
    this.warn(header, 'its owner cannot be set without root: all files get your user')
  }
}
