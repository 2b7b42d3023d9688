/** Media types of the OCI image spec and of Docker's image manifest version 2, schema 2. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociArtifactManifest: 'application/vnd.oci.artifact.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  octetStream: 'application/octet-stream',
} as const

const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerIndex])
const manifestTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.ociArtifactManifest,
])
const schema1Types: ReadonlySet<string> = new Set([mediaTypes.dockerSchema1, mediaTypes.dockerSchema1Signed])

/** The supported manifest types, preferred first: the `Accept` of a resolver's HEAD and GET. */
export const acceptedManifestTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.ociArtifactManifest,
]

/** Whether the type is that of an index: a list of manifests. */
export const isIndexType = (mediaType: string): boolean => indexTypes.has(mediaType)
/** Whether the type is that of a manifest of one image or artifact. */
export const isManifestType = (mediaType: string): boolean => manifestTypes.has(mediaType)
/** Whether the type is Docker's schema 1, which registries and clients no longer support. */
export const isSchema1Type = (mediaType: string): boolean => schema1Types.has(mediaType)
/** Whether content of the type has children and is served under `/manifests/`. */
export const hasChildren = (mediaType: string): boolean => isIndexType(mediaType) || isManifestType(mediaType)

/** Whether the type is that of layers that registries may not distribute. `urls` are no evidence for that. */
export function isForeignLayerType(mediaType: string): boolean {
  return (
    mediaType === mediaTypes.dockerForeignLayerGzip ||
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.') ||
    mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.')
  )
}

/** A media type without its parameters, lowercase: `Application/JSON; charset=utf-8` is `application/json`. */
export function essence(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

const knownTypes: ReadonlySet<string> = new Set(Object.values(mediaTypes))

/**
 * The canonical spelling of a known media type, which may have another case, blanks or parameters. Unknown types are returned
 * unchanged.
 */
export function knownMediaType(mediaType: string): string {
  const type = essence(mediaType)
  return knownTypes.has(type) || isForeignLayerType(type) ? type : mediaType
}
