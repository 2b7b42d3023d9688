import { type Manager, type Provider, readContent } from '@dist/content'
import { DistError, isNotFound, sanitize } from '@dist/errdefs'
import {
  algorithmOf,
  type Descriptor,
  type Digest,
  isForeignLayerType,
  maxManifestSize,
  mediaTypes,
  type Platform,
  parseManifest,
} from '@dist/oci'
import { chainIDsOf } from './chain.js'
import { type ImageConfig, maxConfigSize, parseImageConfig } from './config.js'
import { platformManifest } from './select.js'

/** One image of one platform, as far as it has to be known to unpack and to run it. */
export interface RootImage {
  /** Of its manifest. */
  readonly desc: Descriptor
  readonly config: ImageConfig
  /** The lowest first; at least one. */
  readonly layers: readonly RootLayer[]
}

/** A layer in its place. */
export interface RootLayer {
  readonly desc: Descriptor
  readonly diffID: Digest
  readonly chainID: Digest
  /** The chain ID of the layer below. */
  readonly parent?: Digest | undefined
}

export interface ReadImageOptions {
  /**
   * Default: of an index linux and this machine's architecture; a single manifest is taken, whatever its platform.
   */
  platform?: Platform | undefined
  signal?: AbortSignal | undefined
}

/** Where images are read from. */
export type ImageSource = Provider & Pick<Manager, 'info'>

/**
 * Reads manifest and configuration of an image; of an index those of one platform. Throws `NOT_FOUND`, naming the
 * platforms that there are, where it has not the one asked for, and where a manifest is not stored; `MALFORMED` for
 * documents that cannot be right, among them one whose configuration has not a diffID for each layer;
 * `NOT_IMPLEMENTED` for what is no container image; `FAILED_PRECONDITION` for documents that do not verify.
 */
export async function readImage(
  source: ImageSource,
  root: Descriptor,
  options: ReadImageOptions = {},
): Promise<RootImage> {
  const desc = await platformManifest(source, root, options)
  const reading = { signal: options.signal }
  const name = `manifest ${desc.digest}`
  const manifest = parseManifest(
    await readContent(source, desc, maxManifestSize, reading),
    desc.mediaType,
    name,
  )
  if (manifest.kind !== 'manifest') throw new DistError('MALFORMED', `${name} is an index`)
  const configDesc = imageConfigOf(manifest.config, name)
  const config = parseImageConfig(
    await readContent(source, configDesc, maxConfigSize, reading),
    `config ${configDesc.digest}`,
  )
  return { desc, config, layers: rootLayers(manifest.layers, config, name) }
}

const configTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociConfig,
  mediaTypes.dockerConfig,
  // What Docker's first registries of schema 2 were sent.
  mediaTypes.octetStream,
])

function imageConfigOf(config: Descriptor | undefined, name: string): Descriptor {
  if (config !== undefined && configTypes.has(config.mediaType)) return config
  const what =
    config === undefined ? 'has no config' : `has a config of type ${sanitize(config.mediaType, 100)}`
  throw new DistError('NOT_IMPLEMENTED', `${name} ${what}: it is no container image`)
}

const layerType =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/

function rootLayers(descs: readonly Descriptor[], config: ImageConfig, name: string): RootLayer[] {
  const { diffIDs } = config
  if (descs.length !== diffIDs.length) {
    throw new DistError(
      'MALFORMED',
      `${name} has ${descs.length} layers, but its config has ${diffIDs.length} diff_ids`,
    )
  }
  if (descs.length === 0)
    throw new DistError('NOT_IMPLEMENTED', `${name} has no layers: there is no root filesystem to unpack`)
  const chain = chainIDsOf(diffIDs)
  return descs.map((desc, i) => {
    if (!layerType.test(desc.mediaType)) {
      const type = sanitize(desc.mediaType, 100)
      throw new DistError('NOT_IMPLEMENTED', `layer ${desc.digest} of type ${type} cannot be unpacked`)
    }
    const diffID = diffIDs[i] as Digest
    if (algorithmOf(diffID) !== 'sha256')
      throw new DistError('NOT_IMPLEMENTED', `${name}: diff_ids of ${algorithmOf(diffID)} are unsupported`)
    const [chainID, parent] = [chain[i] as Digest, chain[i - 1]]
    return { desc, diffID, chainID, parent }
  })
}

/** Throws `NOT_FOUND`, naming all of them, when layers are not stored. */
export async function requireLayers(source: ImageSource, layers: readonly RootLayer[]): Promise<void> {
  const missing: Descriptor[] = []
  for (const { desc } of layers) if (!(await isStored(source, desc))) missing.push(desc)
  if (missing.length === 0) return
  const foreign = missing.filter(({ mediaType }) => isForeignLayerType(mediaType))
  const [which, what] =
    foreign.length > 0
      ? [foreign, 'foreign layers that are left where their publisher keeps them']
      : [missing, 'layers that are not stored: pull the image again']
  throw new DistError('NOT_FOUND', `${what}: ${which.map(({ digest }) => digest).join(', ')}`)
}

/** Of whatever size: what has rotted is told when it is read. */
async function isStored(source: ImageSource, { digest }: Descriptor): Promise<boolean> {
  try {
    await source.info(digest)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
