import { gather } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, isRecord, malformed, maxManifestSize, parseDocument } from '@dist/oci'
import { readEntries, shownEntry } from './entries.js'
import type { Intake, Taken } from './intake.js'
import { digestAt, dockerFile, indexFile, layoutFile, layoutVersion } from './layout.js'

/** The files of an archive. */
export interface Contents {
  /** The index of an OCI layout. */
  readonly index: Uint8Array | undefined
  /** The `manifest.json` of a docker archive. */
  readonly docker: Uint8Array | undefined
  /** Files that were written to the store, by path. */
  readonly files: ReadonlyMap<string, Taken>
  /** The targets of links, by path. */
  readonly links: ReadonlyMap<string, string>
}

const documentFiles: ReadonlySet<string> = new Set([layoutFile, indexFile, dockerFile])
/** Files of docker archives for docker before 1.10. */
const legacy = /^(?:repositories|[0-9a-f]{64}\/(?:VERSION|json))$/

/**
 * Reads an archive completely and writes its files to the store; files whose names are digests are verified. All files are
 * written, because the index that names them can come last. Throws `MALFORMED` for an invalid archive,
 * `FAILED_PRECONDITION` for a blob that does not match its name, `NOT_IMPLEMENTED` for a newer layout.
 */
export async function takeContents(
  source: AsyncIterable<Uint8Array>,
  intake: Intake,
  signal?: AbortSignal,
): Promise<Contents> {
  const documents = new Map<string, Uint8Array>()
  const files = new Map<string, Taken>()
  const links = new Map<string, string>()
  for await (const { path, size, target, body } of readEntries(source, { signal })) {
    const blob = digestAt(path)
    if (target !== undefined) {
      // Tools would interpret such a link in different ways.
      if (blob !== undefined || documentFiles.has(path))
        throw malformed(shownEntry(path), 'is a link, expected a file')
      links.set(path, target)
    } else if (documentFiles.has(path)) {
      if (documents.has(path)) throw malformed(shownEntry(path), 'is in the archive twice')
      documents.set(path, await documentOf(path, size, body))
    } else if (!legacy.test(path)) {
      const taken = await intake.take(path, size, body, blob)
      refuseOther(path, files.get(path)?.digest, taken.digest)
      files.set(path, taken)
    }
  }
  await intake.settle()
  checkLayout(documents.get(layoutFile))
  return { index: documents.get(indexFile), docker: documents.get(dockerFile), files, links }
}

async function documentOf(path: string, size: number, body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (size > maxManifestSize)
    throw malformed(shownEntry(path), `has ${size} bytes, maximum ${maxManifestSize}`)
  return gather(body, size, path)
}

/** Tools would choose different files for a path that is in the archive twice. */
function refuseOther(path: string, before: Digest | undefined, now: Digest): void {
  if (before !== undefined && before !== now)
    throw malformed(shownEntry(path), 'is in the archive twice, with different content')
}

function checkLayout(content: Uint8Array | undefined): void {
  if (content === undefined) return
  const layout = parseDocument(content, layoutFile)
  const version = isRecord(layout) ? layout.imageLayoutVersion : undefined
  if (typeof version !== 'string') throw malformed(layoutFile, 'has no imageLayoutVersion')
  if (version.split('.')[0] === layoutVersion.split('.')[0]) return
  throw new DistError(
    'NOT_IMPLEMENTED',
    `the layout of the archive has version ${sanitize(version, 20)}, supported is ${layoutVersion}`,
  )
}
