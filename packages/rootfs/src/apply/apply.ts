import { accessSync } from 'node:fs'
import { DistError, isCanceled, sanitize, throwIfAborted } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { decompress, readTar } from '@dist/tar'
import { about } from '../errors.js'
import { settle, settleRoot } from './attributes.js'
import { applyEntry } from './entries.js'
import { NoJournal, UndoJournal } from './journal.js'
import { Meter } from './meter.js'
import { type Applied, type ApplyOptions, defaultLimits } from './options.js'
import { Tree } from './tree.js'
import { Warnings } from './warnings.js'

/**
 * Applies a layer (a tar archive: plain, gzip or zstd) to a directory that exists, as the OCI image spec says:
 * entries replace what is there, whiteouts remove what lower layers had. Nothing outside the directory is ever
 * touched, whatever the layer says and whoever changes the directory meanwhile. As another user than root, everything
 * belongs to that user, and devices are left out with a warning; extended attributes always are.
 *
 * Throws, and leaves the directory as it was (unless `undo` is false): `MALFORMED` for a layer that is none, or is
 * truncated, or holds what cannot be made within the directory; `FAILED_PRECONDITION` for another diffID;
 * `RESOURCE_EXHAUSTED` for a limit, named, or a full disk; `NOT_IMPLEMENTED` for an unsupported compression, a sparse
 * file, and on systems other than Linux; `NOT_FOUND` without the directory; `PERMISSION_DENIED` where the file system
 * says so; `ALREADY_EXISTS` for names that the file system takes for the same; `UNAVAILABLE` when somebody else
 * changes the directory at the same time.
 */
export async function applyLayer(
  directory: string,
  layer: AsyncIterable<Uint8Array>,
  options: ApplyOptions = {},
): Promise<Applied> {
  const limits = { ...defaultLimits, ...options.limits }
  const tree = openTree(directory, limits.depth, options.undo ?? true)
  try {
    const applied = await applyWhole(tree, layer, new Meter(limits, options), options)
    tree.journal.forget()
    settleRoot(tree)
    return applied
  } finally {
    tree.close()
  }
}

function openTree(directory: string, depth: number, undo: boolean): Tree {
  try {
    accessSync('/proc/self/fd')
  } catch (error) {
    throw new DistError(
      'NOT_IMPLEMENTED',
      'layers are applied on Linux only, with /proc mounted: nothing else keeps them within their directory',
      { cause: error },
    )
  }
  try {
    return new Tree(directory, depth, (tree) => (undo ? new UndoJournal(tree) : new NoJournal(tree)))
  } catch (error) {
    throw about(sanitize(directory), error)
  }
}

async function applyWhole(
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
    verify(applied, options.diffID)
    throwIfAborted(options.signal)
    settle(tree)
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
  // A layer that is known by a digest cannot be cut off unnoticed.
  const openEnd = verified || diffID !== undefined
  for await (const entry of readTar(uncompressed, { ...reading, openEnd })) {
    throwIfAborted(signal)
    const { header } = entry
    meter.entry(++count, header.rawName)
    try {
      await applyEntry(tree, entry, (reason) => warnings.warn(header, reason))
    } catch (error) {
      // What the layer's source says is not about the entry.
      throw error === meter.failure || isCanceled(error) ? error : about(sanitize(header.name), error)
    }
    warnings.owners(header)
  }
  return count
}

function verify({ diffID }: Applied, expected: Digest | undefined): void {
  if (expected !== undefined && diffID !== expected)
    throw new DistError('FAILED_PRECONDITION', `the layer has the diffID ${diffID}, not ${expected}`)
}
