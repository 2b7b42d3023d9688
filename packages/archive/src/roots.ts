import {
  mergeSelections,
  parseReferrers,
  parseSelection,
  type ReferrersRecord,
  type Selection,
} from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import {
  bareDescriptor,
  type Descriptor,
  type Digest,
  hasChildren,
  malformed,
  mediaTypes,
  parseDocument,
  parseManifest,
  parsePlatform,
} from '@dist/oci'
import { cosignSubject } from '@dist/reference'
import { imageNameKey, indexFile, recordKey, refNameKey, selectionKey } from './layout.js'

/** An image in the list of an archive. */
export interface Root {
  readonly desc: Descriptor
  /** Its names in the archive, unchanged. */
  readonly names: readonly string[]
  /** The selection that the archive has, if it is recorded. */
  readonly selection: Selection | undefined
  /** The record of its referrers, which the archive has. */
  readonly referrers?: ReferrersRecord | undefined
}

/**
 * The images of an OCI layout, each digest once, without the referrers that they have recorded. Throws `MALFORMED`, and
 * `NOT_IMPLEMENTED` for other content.
 */
export function layoutRoots(index: Uint8Array): Root[] {
  const manifest = parseManifest(index, mediaTypes.ociIndex, indexFile)
  const entries = manifest.kind === 'index' ? manifest.manifests : []
  const roots = mergeRoots(entries.map(rootOf))
  const recorded = new Set(
    roots.flatMap(({ referrers }) => referrers?.manifests ?? []).map((desc) => desc.digest),
  )
  return roots.filter(({ desc, names }) => names.length > 0 || !recorded.has(desc.digest))
}

function rootOf(desc: Descriptor): Root {
  const { annotations = {}, mediaType, digest } = desc
  const name = annotations[imageNameKey] || annotations[refNameKey]
  if (!hasChildren(mediaType)) {
    const type = sanitize(mediaType, 100)
    throw new DistError('NOT_IMPLEMENTED', `${indexFile}: ${digest} has type ${type}, expected an image`)
  }
  const selection = annotations[selectionKey]
  const record = annotations[recordKey]
  return {
    desc: bareDescriptor(desc),
    names: name === undefined || name === '' ? [] : [name],
    selection: selection === undefined ? undefined : checkedSelection(selection),
    ...(record === undefined ? {} : { referrers: checkedRecord(record) }),
  }
}

/** Merges the roots of each digest into one with all of its names. */
export function mergeRoots(roots: readonly Root[]): Root[] {
  const merged = new Map<Digest, Root>()
  for (const root of roots) {
    const before = merged.get(root.desc.digest)
    merged.set(root.desc.digest, before === undefined ? root : mergedRoot(before, root))
  }
  return [...merged.values()]
}

function mergedRoot(a: Root, b: Root): Root {
  const selection =
    a.selection === undefined || b.selection === undefined
      ? (a.selection ?? b.selection)
      : mergeSelections(a.selection, b.selection)
  const referrers = a.referrers ?? b.referrers
  return {
    desc: a.desc,
    names: [...new Set([...a.names, ...b.names])],
    selection,
    ...(referrers === undefined ? {} : { referrers }),
  }
}

function checkedSelection(text: string): Selection {
  const selection = parseSelection(text)
  try {
    if (selection !== 'all') for (const platform of selection) parsePlatform(platform)
  } catch (cause) {
    if (!(cause instanceof DistError)) throw cause
    throw malformed(`${indexFile}: ${selectionKey}`, cause.message)
  }
  return selection
}

/** Throws `MALFORMED`. Tags that are not cosign's would let an archive name images of its target. */
function checkedRecord(text: string): ReferrersRecord {
  const where = `${indexFile}: ${recordKey}`
  const record = parseReferrers(parseDocument(Buffer.from(text), where), where)
  if (record.tags.some((tag) => cosignSubject(tag) === undefined))
    throw malformed(where, 'has a tag that is not one of cosign')
  return record
}
