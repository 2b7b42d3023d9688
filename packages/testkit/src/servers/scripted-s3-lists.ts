/**
 * How a truncated list says how to go on: `token` as Amazon does; `after`: not at all, but a list may be asked for what
 * comes behind a key; `nowhere`: not at all, and each list begins at its beginning; `same`: with the way that leads to
 * the same page again.
 */
export type WayOn = 'token' | 'after' | 'nowhere' | 'same'

/** An object, an upload or a part. */
export interface Entry {
  readonly name: string
  readonly size?: number | undefined
  readonly etag?: string | undefined
  readonly id?: string | undefined
  readonly at?: Date | undefined
}

/** What a kind of list calls its things. */
interface ListNames {
  readonly entry: string
  readonly key: string
  /** Parameters that say where to begin, first the one that the server itself has given. */
  readonly begin: readonly string[]
  /** The parameter that distinguishes entries of the same key. */
  readonly beginId?: string | undefined
  readonly next: string
  readonly nextId?: string | undefined
}

export const objectNames: ListNames = {
  ...{ entry: 'Contents', key: 'Key', next: 'NextContinuationToken' },
  begin: ['continuation-token', 'start-after'],
}
export const uploadNames: ListNames = {
  ...{ entry: 'Upload', key: 'Key', next: 'NextKeyMarker', nextId: 'NextUploadIdMarker' },
  ...{ begin: ['key-marker'], beginId: 'upload-id-marker' },
}
export const partNames: ListNames = {
  ...{ entry: 'Part', key: 'PartNumber', next: 'NextPartNumberMarker' },
  begin: ['part-number-marker'],
}

interface Asked {
  readonly query: URLSearchParams
  readonly page: number
  readonly wayOn: WayOn
}

/** What stands in the document of a list, one page of it. */
export function listing(names: ListNames, entries: readonly Entry[], { query, page, wayOn }: Asked): string {
  const sorted = [...entries].sort((a, b) => compare(a, b))
  const from = wayOn === 'nowhere' || wayOn === 'same' ? undefined : startOf(names, query)
  const left = sorted.filter((entry) => from === undefined || compare(entry, from) > 0)
  const shown = left.slice(0, page)
  const isTruncated = left.length > shown.length
  const last = shown.at(-1)
  const wayGiven = isTruncated && (wayOn === 'token' || wayOn === 'same') && last !== undefined
  const next = wayGiven ? element(names.next, last.name) : ''
  const nextId = wayGiven && names.nextId !== undefined ? element(names.nextId, last.id ?? '') : ''
  const items = shown.map((entry) => element(names.entry, itemOf(names, entry)))
  return `${element('IsTruncated', String(isTruncated))}${next}${nextId}${items.join('')}`
}

function startOf({ begin, beginId }: ListNames, query: URLSearchParams): Entry | undefined {
  const name = begin.map((parameter) => query.get(parameter)).find((value) => value !== null)
  if (name === undefined || name === null) return undefined
  // Without an id, all that has this key is passed over.
  return { name, id: (beginId && query.get(beginId)) || '\uffff' }
}

function itemOf({ key }: ListNames, { name, size, etag, id, at }: Entry): string {
  const when = (at ?? new Date()).toISOString()
  return [
    element(key, name),
    ...(size === undefined ? [] : [element('Size', String(size))]),
    ...(etag === undefined ? [] : [element('ETag', etag)]),
    ...(id === undefined ? [] : [element('UploadId', id)]),
    element(id === undefined ? 'LastModified' : 'Initiated', when),
  ].join('')
}

function compare(a: Entry, b: Entry): number {
  const names = /^\d+$/.test(a.name)
    ? Number(a.name) - Number(b.name)
    : Number(a.name > b.name) - Number(a.name < b.name)
  return names || Number((a.id ?? '') > (b.id ?? '')) - Number((a.id ?? '') < (b.id ?? ''))
}

function element(name: string, inside: string): string {
  return `<${name}>${inside}</${name}>`
}
