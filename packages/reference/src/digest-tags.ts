import { type Digest, parseDigest } from '@dist/oci'
import { isTag } from './reference.js'

/** What cosign keeps under tags of their own: signatures, attestations and SBOMs of the digest in the tag. */
export const cosignKinds = ['sig', 'att', 'sbom'] as const
export type CosignKind = (typeof cosignKinds)[number]

const digestTag = /^sha(?:256|512)-[0-9a-f]{64}/
const cosignTag = new RegExp(`^(sha256)-([0-9a-f]{64})\\.(?:${cosignKinds.join('|')})$`)

/** Whether a tag is named after a digest: those of cosign, and lists of referrers. */
export function isDigestTag(tag: string): boolean {
  return digestTag.test(tag)
}

/** The digest in a tag of cosign. Undefined for other tags. */
export function cosignSubject(tag: string): Digest | undefined {
  const [, algorithm, encoded] = cosignTag.exec(tag) ?? []
  return encoded === undefined ? undefined : parseDigest(`${algorithm}:${encoded}`)
}

/** The tags of cosign for a digest: `sha256-<hex>.sig`. None for sha512, whose tags would be too long. */
export function cosignTagsOf(digest: Digest, kinds: readonly CosignKind[] = cosignKinds): string[] {
  return kinds.map((kind) => `${digest.replace(':', '-')}.${kind}`).filter(isTag)
}
