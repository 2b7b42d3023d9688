import {
  formatReferrers,
  formatSelection,
  type Image,
  parseReferrers,
  parseSelection,
  type ReferrersRecord,
} from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, isRecord, mediaTypes, parseDescriptor } from '@dist/oci'

/** OCI image spec, "Annotations": the name of an image in a layout. */
const nameKey = 'org.opencontainers.image.ref.name'
/** A dist annotation: the platforms of an index in the store, `all` or a comma-separated list. */
const selectionKey = 'dev.dist.selection'
/** A dist annotation: the record of the image's referrers, JSON. */
const recordKey = 'dev.dist.referrers'
/** A dist annotation with the digest of the entry, which has no name: a referrer that images have recorded. */
const referrerKey = 'dev.dist.referrer'

/** An `index.json`, with all foreign entries and fields. */
export interface IndexDocument {
  readonly [field: string]: unknown
  readonly manifests: readonly unknown[]
}

export const emptyIndex: IndexDocument = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }

/** The first characters of a formatted entry with a name. */
export const namedStart = `{"annotations":{${JSON.stringify(nameKey)}:"`

/** The first characters of a formatted entry of a referrer. */
export const referrerStart = `{"annotations":{${JSON.stringify(referrerKey)}:"`

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
    const { [nameKey]: _, [selectionKey]: selection, [recordKey]: record, ...own } = annotations ?? {}
    const kept = Object.keys(own).length > 0 ? { annotations: own } : {}
    // Without the dist annotation another tool wrote the entry, and those copy all platforms of an image.
    return {
      name,
      desc: { ...desc, ...kept },
      selection: parseSelection(selection ?? 'all'),
      ...(record === undefined ? {} : { referrers: parseRecord(record) }),
    }
  } catch (error) {
    // An unreadable entry of another tool stays in the file unchanged.
    if (error instanceof DistError) return undefined
    throw error
  }
}

/** A record that another tool has changed counts as none: the referrers are asked for again. */
function parseRecord(text: string): ReferrersRecord | undefined {
  try {
    return parseReferrers(JSON.parse(text), 'index.json')
  } catch (error) {
    if (error instanceof DistError || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The entry of an image. */
export function entryOf({ name, desc, selection, referrers }: Image): Record<string, unknown> {
  const { [nameKey]: _, [selectionKey]: __, [recordKey]: ___, ...own } = desc.annotations ?? {}
  const record = referrers === undefined ? {} : { [recordKey]: JSON.stringify(formatReferrers(referrers)) }
  return {
    ...desc,
    annotations: { [nameKey]: name, [selectionKey]: formatSelection(selection), ...record, ...own },
  }
}

/** Whether an entry on one line may have a record of referrers. */
export function mayHaveRecord(line: Buffer): boolean {
  return line.includes(recordKey)
}

/** The entry of a referrer, on one line. It has no name: other tools find it by its subject. */
export function formatReferrer({ mediaType, digest, size, artifactType }: Descriptor): string {
  return JSON.stringify({ annotations: { [referrerKey]: digest }, mediaType, digest, size, artifactType })
}

/**
 * An entry on one line. One with a name begins with `namedStart`, and one of a referrer with `referrerStart`, so that they are
 * found without parsing.
 */
export function formatEntry(entry: unknown): string {
  const annotations = isRecord(entry) && isRecord(entry.annotations) ? entry.annotations : {}
  const key = [nameKey, referrerKey].find((each) => typeof annotations[each] === 'string')
  if (key === undefined) return JSON.stringify(entry)
  const { annotations: _, ...rest } = entry as Record<string, unknown>
  return JSON.stringify({ annotations: { [key]: annotations[key], ...annotations }, ...rest })
}
