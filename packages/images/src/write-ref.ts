import type { Descriptor } from '@dist/oci'

/** The ref for writing the content of a descriptor: one writer per digest. */
export function writeRef(desc: Pick<Descriptor, 'digest'>): string {
  return `blob-${desc.digest}`
}
