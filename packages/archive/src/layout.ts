import { algorithmOf, type Digest, encodedOf, parseDigest } from '@dist/oci'

// OCI image spec, "OCI Image Layout Specification".
export const layoutFile = 'oci-layout'
export const indexFile = 'index.json'
export const layoutVersion = '1.0.0'
/** Of the archives of `docker save`. */
export const dockerFile = 'manifest.json'

/** OCI image spec, "Annotations": the name of an image in a layout; others write only a tag into it. */
export const refNameKey = 'org.opencontainers.image.ref.name'
/** containerd's: always a reference in full. */
export const imageNameKey = 'io.containerd.image.name'
/** Ours: which platforms of an index the archive holds, as in the index of a local store. */
export const selectionKey = 'dev.dist.selection'

export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`
}

/** The digest that a blob's path spells; undefined for a path that is no blob's. */
export function digestAt(path: string): Digest | undefined {
  const [, algorithm, encoded] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(path) ?? []
  const length = algorithm === 'sha256' ? 64 : 128
  return encoded?.length === length ? parseDigest(`${algorithm}:${encoded}`) : undefined
}
