import { mergeSelections, parseSelection, type Selection } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import {
  bareDescriptor,
  type Descriptor,
  type Digest,
  hasChildren,
  malformed,
  mediaTypes,
  parseManifest,
  parsePlatform,
} from '@dist/oci'
import { imageNameKey, indexFile, refNameKey, selectionKey } from './layout.js'

/** An image in the list of an archive. */
export interface Root {
  readonly desc: Descriptor
  /** Its names in the archive, unchanged. */
  readonly names: readonly string[]
  /** The selection that the archive has, if it is recorded. */
  readonly selection: Selection | undefined
}

/** The images of an OCI layout, each digest once. Throws `MALFORMED`, and `NOT_IMPLEMENTED` for other content. */
export function layoutRoots(index: Uint8Array): Root[] {
  const manifest = parseManifest(index, mediaTypes.ociIndex, indexFile)
  const entries = manifest.kind === 'index' ? manifest.manifests : []
  return mergeRoots(entries.map(rootOf))
}

function rootOf(desc: Descriptor): Root {
  const { annotations = {}, mediaType, digest } = desc
  const name = annotations[imageNameKey] || annotations[refNameKey]
  if (!hasChildren(mediaType)) {
    const type = sanitize(mediaType, 100)
    throw new DistError('NOT_IMPLEMENTED', `${indexFile}: ${digest} has type ${type}, expected an image`)
  }
  const selection = annotations[selectionKey]
  return {
    desc: bareDescriptor(desc),
    names: name === undefined || name === '' ? [] : [name],
    selection: selection === undefined ? undefined : checkedSelection(selection),
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
  return { desc: a.desc, names: [...new Set([...a.names, ...b.names])], selection }
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
