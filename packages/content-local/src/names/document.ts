import { formatSelection, type Image, parseSelection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { isRecord, mediaTypes, parseDescriptor } from '@dist/oci'

/** OCI image spec, "Annotations": the name of an image in a layout. */
const nameKey = 'org.opencontainers.image.ref.name'
/** A dist annotation: the platforms of an index in the store, `all` or a comma-separated list. */
const selectionKey = 'dev.dist.selection'

/** An `index.json`, with all foreign entries and fields. */
export interface IndexDocument {
  readonly [field: string]: unknown
  readonly manifests: readonly unknown[]
}

export const emptyIndex: IndexDocument = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }

/** The first characters of a formatted entry with a name. */
export const namedStart = `{"annotations":{${JSON.stringify(nameKey)}:"`

/** Throws `MALFORMED`; `where` names the file. */
export function parseIndex(text: string, where: string): IndexDocument {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new DistError('MALFORMED', `${where}: not JSON`, { cause })
  }
  if (!isRecord(document)) throw new DistError('MALFORMED', `${where}: not an object`)
  const { manifests } = document
  if (manifests !== undefined && manifests !== null && !Array.isArray(manifests))
    throw new DistError('MALFORMED', `${where}: manifests is not a list`)
  return { ...document, mediaType: mediaTypes.ociIndex, manifests: manifests ?? [] }
}

/** The name of an entry, undefined where it has none. */
export function nameOf(entry: unknown): string | undefined {
  const annotations = isRecord(entry) ? entry.annotations : undefined
  const name = isRecord(annotations) ? annotations[nameKey] : undefined
  return typeof name === 'string' ? name : undefined
}

/** The image of an entry; undefined where it has no name, or is unreadable. */
export function imageOf(entry: unknown): Image | undefined {
  const name = nameOf(entry)
  if (name === undefined) return undefined
  try {
    const { annotations, ...desc } = parseDescriptor(entry, 'index.json')
    const { [nameKey]: _, [selectionKey]: selection, ...own } = annotations ?? {}
    const kept = Object.keys(own).length > 0 ? { annotations: own } : {}
    // Without the dist annotation another tool wrote the entry, and those copy all platforms of an image.
    return { name, desc: { ...desc, ...kept }, selection: parseSelection(selection ?? 'all') }
  } catch (error) {
    // An unreadable entry of another tool stays in the file unchanged.
    if (error instanceof DistError) return undefined
    throw error
  }
}

/** The entry of an image. */
export function entryOf({ name, desc, selection }: Image): Record<string, unknown> {
  const { [nameKey]: _, [selectionKey]: __, ...own } = desc.annotations ?? {}
  return { ...desc, annotations: { [nameKey]: name, [selectionKey]: formatSelection(selection), ...own } }
}

/** An entry on one line. One with a name begins with `namedStart`, so that its name is found without parsing it. */
export function formatEntry(entry: unknown): string {
  const name = nameOf(entry)
  if (name === undefined || !isRecord(entry)) return JSON.stringify(entry)
  const { annotations, ...rest } = entry
  return JSON.stringify({ annotations: { [nameKey]: name, ...(annotations as object) }, ...rest })
}
