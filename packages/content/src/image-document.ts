import { DistError } from '@dist/errdefs'
import { isRecord, parseDescriptor } from '@dist/oci'
import type { Image, Selection } from './names.js'
import { formatReferrers, parseReferrers } from './referrers.js'

/** The JSON document of a published name. */
export function formatImage({ name, desc, selection, referrers }: Image): Uint8Array {
  const record = referrers && formatReferrers(referrers)
  return Buffer.from(`${JSON.stringify({ name, descriptor: desc, selection, referrers: record })}\n`)
}

/** Parses the document of a name. Throws `MALFORMED`; `where` is its place. */
export function parseImage(content: Uint8Array, where: string): Image {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(content).toString())
  } catch (cause) {
    throw new DistError('MALFORMED', `${where}: not JSON; publish the name again, or delete it`, {
      cause,
    })
  }
  if (!isRecord(document) || typeof document.name !== 'string')
    throw new DistError('MALFORMED', `${where}: not the document of a name; delete it`)
  const { name, descriptor, selection, referrers } = document
  return {
    name,
    desc: parseDescriptor(descriptor, `${where}: descriptor`),
    selection: readSelection(selection, where),
    ...(referrers === undefined ? {} : { referrers: parseReferrers(referrers, `${where}: referrers`) }),
  }
}

function readSelection(value: unknown, where: string): Selection {
  if (value === 'all') return value
  if (Array.isArray(value) && value.every((platform) => typeof platform === 'string')) return value
  throw new DistError('MALFORMED', `${where}: selection is neither "all" nor a list of platforms`)
}
