import { gather } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Digest, isRecord, malformed, maxManifestSize, parseDocument } from '@dist/oci'
import { readEntries, shownEntry } from './entries.js'
import type { Intake, Taken } from './intake.js'
import { digestAt, dockerFile, indexFile, layoutFile, layoutVersion } from './layout.js'

/** What came out of an archive. */
export interface Contents {
  /** The index of an OCI layout. */
  readonly index: Uint8Array | undefined
  /** The `manifest.json` of a docker archive. */
  readonly docker: Uint8Array | undefined
  /** What was taken in, by its path. */
  readonly files: ReadonlyMap<string, Taken>
  /** Of links, the paths that they mean. */
  readonly links: ReadonlyMap<string, string>
}

const documentFiles: ReadonlySet<string> = new Set([layoutFile, indexFile, dockerFile])
/** What docker wrote for versions that nobody has any more. */
const legacy = /^(?:repositories|[0-9a-f]{64}\/(?:VERSION|json))$/

/**
 * Reads an archive to its end and takes its files in, verified where their names are digests. What a file is for may
 * be said behind it, so everything is taken. Throws `MALFORMED` for what cannot be an archive of images,
 * `FAILED_PRECONDITION` for a blob that is not what its name says, `NOT_IMPLEMENTED` for a newer layout.
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
      // Readers would differ in what such a link means.
      if (blob !== undefined || documentFiles.has(path)) throw malformed(shownEntry(path), 'is no file')
      links.set(path, target)
    } else if (documentFiles.has(path)) {
      if (documents.has(path)) throw malformed(shownEntry(path), 'is there twice')
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
    throw malformed(shownEntry(path), `has ${size} bytes, more than the ${maxManifestSize} it may have`)
  return gather(body, size, path)
}

/** A path that is there twice means one content to one reader and another to the next. */
function refuseOther(path: string, before: Digest | undefined, now: Digest): void {
  if (before !== undefined && before !== now)
    throw malformed(shownEntry(path), 'is there twice, with different content')
}

function checkLayout(content: Uint8Array | undefined): void {
  if (content === undefined) return
  const layout = parseDocument(content, layoutFile)
  const version = isRecord(layout) ? layout.imageLayoutVersion : undefined
  if (typeof version !== 'string') throw malformed(layoutFile, 'has no imageLayoutVersion')
  if (version.split('.')[0] === layoutVersion.split('.')[0]) return
  throw new DistError('NOT_IMPLEMENTED', `the archive has another layout version than ${layoutVersion}`)
}
