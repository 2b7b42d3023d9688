import { has, type Manager, type Provider, readContent } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { configPlatform, selectManifest } from '@dist/images'
import {
  algorithmOf,
  type Descriptor,
  type Digest,
  digestOf,
  formatPlatform,
  hostPlatform,
  isForeignLayerType,
  isIndexType,
  maxManifestSize,
  mediaTypes,
  type Platform,
  parseManifest,
  platformMatches,
} from '@dist/oci'
import { type ImageConfig, maxConfigSize, parseImageConfig } from './config.js'

/** An image of one platform: what is needed to unpack and run it. */
export interface RootImage {
  /** The descriptor of its manifest. */
  readonly desc: Descriptor
  readonly config: ImageConfig
  /** The lowest layer first; at least one. */
  readonly layers: readonly RootLayer[]
}

/** A layer and its position in the chain. */
export interface RootLayer {
  readonly desc: Descriptor
  readonly diffID: Digest
  readonly chainID: Digest
  /** The chain ID of the layer below. */
  readonly parent?: Digest | undefined
}

export interface ReadImageOptions {
  /**
   * Default: for an index, linux with the architecture of this machine; a single manifest is accepted for any platform.
   */
  platform?: Platform | undefined
  signal?: AbortSignal | undefined
}

/** The store that images are read from. */
export type ImageSource = Provider & Pick<Manager, 'find'>

/**
 * Reads manifest and configuration of an image; those of one platform for an index. Throws `NOT_FOUND` for a missing
 * platform, naming the available ones, and for a manifest that is not stored; `MALFORMED` for invalid documents, and
 * for another number of diffIDs than layers; `NOT_IMPLEMENTED` for content that is not a container image;
 * `FAILED_PRECONDITION` for documents that do not verify.
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
  if (manifest.kind !== 'manifest') throw new DistError('MALFORMED', `${name}: is an index`)
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
  // Sent by early versions of Docker with schema 2.
  mediaTypes.octetStream,
])

function imageConfigOf(config: Descriptor | undefined, name: string): Descriptor {
  if (config !== undefined && configTypes.has(config.mediaType)) return config
  const what =
    config === undefined ? 'has no config' : `has a config of type ${sanitize(config.mediaType, 100)}`
  throw new DistError('NOT_IMPLEMENTED', `${name} ${what}: not a container image`)
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
    throw new DistError('NOT_IMPLEMENTED', `${name} has no layers, so there is no root filesystem to unpack`)
  const chain = chainIDsOf(diffIDs)
  return descs.map((desc, i) => {
    if (!layerType.test(desc.mediaType)) {
      const type = sanitize(desc.mediaType, 100)
      throw new DistError(
        'NOT_IMPLEMENTED',
        `layer ${desc.digest}: unpack failed: type ${type} is not supported`,
      )
    }
    const diffID = diffIDs[i] as Digest
    if (algorithmOf(diffID) !== 'sha256')
      throw new DistError('NOT_IMPLEMENTED', `${name}: diff_ids of ${algorithmOf(diffID)} are not supported`)
    const [chainID, parent] = [chain[i] as Digest, chain[i - 1]]
    return { desc, diffID, chainID, parent }
  })
}

/** Throws `NOT_FOUND`, naming all missing layers, when layers are not stored. */
export async function requireLayers(source: ImageSource, layers: readonly RootLayer[]): Promise<void> {
  const missing: Descriptor[] = []
  for (const { desc } of layers) if (!(await isStored(source, desc))) missing.push(desc)
  if (missing.length === 0) return
  const foreign = missing.filter(({ mediaType }) => isForeignLayerType(mediaType))
  const [which, what] =
    foreign.length > 0
      ? [foreign, 'foreign layers are not stored: they are left with their publisher']
      : [missing, 'layers are not stored; pull the image again']
  throw new DistError('NOT_FOUND', `${what}: ${which.map(({ digest }) => digest).join(', ')}`)
}

/** Whether a layer is stored, with any size: damage is found when it is read. */
async function isStored(source: ImageSource, { digest }: Descriptor): Promise<boolean> {
  return (await source.find(digest)) !== undefined
}

/**
 * The chain ID of each layer, which identifies the layer on top of all lower ones. Equal chain IDs mean equal root
 * filesystems, in whichever images. OCI image spec, "Layer ChainID".
 */
export function chainIDsOf(diffIDs: readonly Digest[]): Digest[] {
  const chain: Digest[] = []
  for (const diffID of diffIDs) {
    const parent = chain.at(-1)
    chain.push(parent === undefined ? diffID : digestOf(`${parent} ${diffID}`))
  }
  return chain
}

export interface PlatformOptions {
  /** Default: as in `ReadImageOptions`. */
  platform?: Platform | undefined
  signal?: AbortSignal | undefined
}

/**
 * The manifest of one platform: the first matching one of an index, else the descriptor itself. Throws `NOT_FOUND` when
 * none matches, naming the available platforms, or when the matching one is not stored.
 */
async function platformManifest(
  source: Provider & Pick<Manager, 'find'>,
  root: Descriptor,
  { platform, signal }: PlatformOptions,
): Promise<Descriptor> {
  const asked = platform ?? hostPlatform()
  const reading = { signal }
  const found = await selectManifest(root, asked, source, reading)
  if (!(await has(source, found)))
    throw new DistError(
      'NOT_FOUND',
      `${formatPlatform(asked)} of ${root.digest} is not in the store; pull the image for that platform`,
    )
  if (isIndexType(root.mediaType) || platform === undefined) return found
  const its = await configPlatform(found, source, reading)
  if (its !== undefined && platformMatches(platform, its)) return found
  const is = its === undefined ? 'names no platform' : `is for ${formatPlatform(its)}`
  throw new DistError('NOT_FOUND', `${root.digest} has nothing for ${formatPlatform(platform)}; it ${is}`)
}
