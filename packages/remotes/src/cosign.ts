import type { Descriptor, Digest } from '@dist/oci'
import { type CosignKind, cosignKinds } from '@dist/reference'

/** A tag of cosign: the manifest under it belongs to the one whose digest is in the tag. */
export interface CosignTag {
  readonly tag: string
  readonly subject: Digest
  readonly desc: Descriptor
}

/** The media types of the layers that cosign writes. */
const layerTypes: Record<CosignKind, readonly string[]> = {
  sig: ['application/vnd.dev.cosign.simplesigning.v1+json'],
  att: ['application/vnd.dsse.envelope.v1+json'],
  sbom: [
    'text/spdx',
    'text/spdx+json',
    'application/vnd.cyclonedx',
    'application/vnd.cyclonedx+xml',
    'application/vnd.cyclonedx+json',
    'application/vnd.syft+json',
  ],
}

/** The kinds of tags whose content has one of these types. Undefined types: all kinds. */
export function cosignKindsOf(artifactTypes: readonly string[] | undefined): readonly CosignKind[] {
  if (artifactTypes === undefined) return cosignKinds
  return cosignKinds.filter((kind) => layerTypes[kind].some((type) => artifactTypes.includes(type)))
}
