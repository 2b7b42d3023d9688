import { algorithmOf, type Digest, encodedOf, parseDigest } from '@dist/oci'

// OCI image spec, "OCI Image Layout Specification".
export const layoutFile = 'oci-layout'
export const indexFile = 'index.json'
export const layoutVersion = '1.0.0'
/** The list of images in archives of `docker save`. */
export const dockerFile = 'manifest.json'

/** OCI image spec, "Annotations": the name of an image in a layout. Some tools write only the tag. */
export const refNameKey = 'org.opencontainers.image.ref.name'
/** Annotation of containerd: always a complete reference. */
export const imageNameKey = 'io.containerd.image.name'
/** Annotation of dist: the platforms of an index that the archive has, as in the index of a local store. */
export const selectionKey = 'dev.dist.selection'

/** Annotation of dist: the record of an image's referrers (JSON), as in the index of a local store. */
export const recordKey = 'dev.dist.referrers'

export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`
}

/** The digest in the path of a blob; undefined for other paths. */
export function digestAt(path: string): Digest | undefined {
  const [, algorithm, encoded] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(path) ?? []
  const length = algorithm === 'sha256' ? 64 : 128
  return encoded?.length === length ? parseDigest(`${algorithm}:${encoded}`) : undefined
}
