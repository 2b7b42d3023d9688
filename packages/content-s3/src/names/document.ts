import type { Image, Selection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { isRecord, parseDescriptor } from '@dist/oci'

/** The document that stands for a published name. */
export function formatImage({ name, desc, selection }: Image): Uint8Array {
  return Buffer.from(`${JSON.stringify({ name, descriptor: desc, selection })}\n`)
}

/** Reads the document of a name. Throws `MALFORMED`; `where` names the object. */
export function parseImage(content: Uint8Array, where: string): Image {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(content).toString())
  } catch (cause) {
    throw new DistError('MALFORMED', `${where} is not JSON: publish the name again, or delete the object`, {
      cause,
    })
  }
  if (!isRecord(document) || typeof document.name !== 'string')
    throw new DistError('MALFORMED', `${where} is not the document of a name: delete the object`)
  const { name, descriptor, selection } = document
  return {
    name,
    desc: parseDescriptor(descriptor, `${where}: descriptor`),
    selection: parseSelection(selection, where),
  }
}

function parseSelection(value: unknown, where: string): Selection {
  if (value === 'all') return value
  if (Array.isArray(value) && value.every((platform) => typeof platform === 'string')) return value
  throw new DistError('MALFORMED', `${where}: selection is neither "all" nor a list of platforms`)
}
