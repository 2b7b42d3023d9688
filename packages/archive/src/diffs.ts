import { type ContentStore, readContent } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import {
  algorithmOf,
  type Digest,
  Digester,
  isDigest,
  isRecord,
  malformed,
  maxManifestSize,
  parseDocument,
} from '@dist/oci'
import { decompress } from '@dist/tar'
import type { Taken } from './intake.js'

/** The `diff_ids` of a config; `name` is for errors. Throws `MALFORMED`. */
export async function readDiffs(
  name: string,
  config: Pick<Taken, 'digest' | 'size'>,
  content: Pick<ContentStore, 'open'>,
): Promise<Digest[]> {
  if (config.size > maxManifestSize)
    throw malformed(name, `has ${config.size} bytes, maximum ${maxManifestSize}`)
  const document = parseDocument(await readContent(content, config, maxManifestSize), name)
  const rootfs = isRecord(document) ? document.rootfs : undefined
  const diffs: unknown = isRecord(rootfs) ? (rootfs.diff_ids ?? []) : undefined
  if (!Array.isArray(diffs)) throw malformed(name, 'has no rootfs.diff_ids')
  return diffs.map((diff: unknown) => {
    if (typeof diff !== 'string' || !isDigest(diff))
      throw malformed(name, `has a diff_id that is no digest: ${sanitize(String(diff), 100)}`)
    return diff
  })
}

/** Throws `FAILED_PRECONDITION` for a layer whose uncompressed content has another digest. `name` is for errors. */
export async function verifyDiff(
  name: string,
  layer: Taken,
  diff: Digest,
  content: Pick<ContentStore, 'open'>,
): Promise<void> {
  const plain = compressionOf(layer) === undefined
  if (plain && layer.digest === diff) return
  const bytes = await content.open(layer)
  const digester = new Digester(algorithmOf(diff))
  for await (const chunk of plain ? bytes : decompress(bytes)) digester.update(chunk)
  const found = digester.digest()
  if (found === diff) return
  throw new DistError('FAILED_PRECONDITION', `${name} has diffID ${found}, expected ${diff} by its config`)
}

/** The compression of a layer by its first bytes; undefined for an uncompressed layer. */
export function compressionOf({ head }: Taken): 'gzip' | 'zstd' | undefined {
  const magic = Buffer.from(head).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  // Skippable frames of zstd may come first.
  return /^(?:28b52ffd|5.2a4d18)/.test(magic) ? 'zstd' : undefined
}
