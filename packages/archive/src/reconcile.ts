import { type ContentStore, has, readContent } from '@dist/content'
import { DistError, hasCode } from '@dist/errdefs'
import { childrenHandler, type Handler, isAttestation, walk } from '@dist/images'
import {
  type Descriptor,
  type Digest,
  isForeignLayerType,
  isIndexType,
  isManifestType,
  malformed,
  maxManifestSize,
  mediaTypes,
  parseManifest,
} from '@dist/oci'
import type { Contents } from './contents.js'
import { compressionOf, readDiffs, verifyDiff } from './diffs.js'
import type { Taken } from './intake.js'
import { sameName } from './naming.js'
import { mergeRoots, type Root } from './roots.js'
import type { DockerImages } from './unpack-docker.js'

/** A complete image below a root of the layout. */
interface Described {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** A root that is wrong. `error` is undefined if it has no complete image; then `checkRoot` reports what is missing. */
interface Wrong {
  readonly root: Root
  readonly configs: readonly Digest[]
  readonly error: DistError | undefined
}

const configTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig])

/**
 * The images of an archive that is an OCI layout and a docker archive. The layout is preferred, because its digests are those
 * of the registry. The docker list replaces manifests that are incomplete or whose layers differ from their config, and
 * adds images that only it has. Throws `MALFORMED` and `FAILED_PRECONDITION` for a wrong manifest that the docker list does
 * not replace.
 */
export async function reconciledRoots(
  layout: readonly Root[],
  docker: DockerImages,
  { files }: Contents,
  content: ContentStore,
): Promise<Root[]> {
  const checker = new Checker(docker, files, content)
  const right: Root[] = []
  const wrong: Wrong[] = []
  const covered = new Set<Digest>()
  for (const root of layout) {
    const images = await checker.imagesBelow(root)
    const error = await checker.contradictionIn(root, images)
    const configs = images.map(({ config }) => config.digest)
    if (error !== undefined || images.length === 0) wrong.push({ root, configs, error })
    else right.push(root)
    if (error === undefined) for (const config of configs) covered.add(config)
  }
  const { taken, failures } = await takenOf(docker, covered)
  const found = taken.map((each) => replacing(each, wrong))
  const lost = wrong.filter((each) => !taken.some((one) => replaces(one, each)))
  // The error of the docker list explains more than that of the layout.
  for (const { error } of lost) if (error !== undefined) throw failures[0] ?? error
  const kept = [...right, ...lost.map(({ root }) => root)]
  const added = found.filter(({ names }) => !kept.some((root) => shareName(root.names, names)))
  return mergeRoots([...kept, ...added])
}

interface TakenImage {
  readonly root: Root
  readonly config: Digest
}

/** The valid images of the docker list that the layout does not have, and the errors of the others. */
async function takenOf(docker: DockerImages, covered: ReadonlySet<Digest>) {
  const taken: TakenImage[] = []
  const failures: unknown[] = []
  for (const listed of docker.listed) {
    const config = docker.partsOf(listed)?.config
    if (config === undefined || covered.has(config)) continue
    try {
      taken.push({ root: await docker.rootOf(listed), config })
    } catch (error) {
      if (!hasCode(error, 'MALFORMED', 'FAILED_PRECONDITION')) throw error
      failures.push(error)
    }
  }
  return { taken, failures }
}

function replaces({ root, config }: TakenImage, wrong: Wrong): boolean {
  return wrong.configs.includes(config) || shareName(root.names, wrong.root.names)
}

/** With the names of what it takes the place of. */
function replacing(taken: TakenImage, wrong: readonly Wrong[]): Root {
  const replaced = wrong.filter((each) => replaces(taken, each))
  return { ...taken.root, names: [...taken.root.names, ...replaced.flatMap(({ root }) => root.names)] }
}

function shareName(a: readonly string[], b: readonly string[]): boolean {
  return a.some((one) => b.some((other) => sameName(one, other)))
}

class Checker {
  readonly #files: ReadonlyMap<Digest, Taken>

  constructor(
    private readonly docker: DockerImages,
    files: Contents['files'],
    private readonly content: ContentStore,
  ) {
    this.#files = new Map([...files.values()].map((file) => [file.digest, file]))
  }

  /** The complete images below a root, without artifacts and attestations. */
  async imagesBelow({ desc }: Root): Promise<Described[]> {
    const children = childrenHandler(this.content)
    const found: Described[] = []
    const findImages: Handler = async (each, context) => {
      if (isAttestation(each) || !(await has(this.content, each))) return []
      if (isIndexType(each.mediaType)) return children(each, context)
      const image = isManifestType(each.mediaType) ? await this.#described(each) : undefined
      if (image !== undefined) found.push(image)
      return []
    }
    await walk(findImages, [desc])
    return found
  }

  async #described(desc: Descriptor): Promise<Described | undefined> {
    const bytes = await readContent(this.content, desc, maxManifestSize)
    const manifest = parseManifest(bytes, desc.mediaType, desc.digest)
    if (manifest.kind === 'index' || manifest.config === undefined) return undefined
    const { config, layers } = manifest
    for (const part of [config, ...layers])
      if (!isForeignLayerType(part.mediaType) && !(await has(this.content, part))) return undefined
    return { config, layers }
  }

  /** The error of an image whose layers differ from its config; undefined if all are right. */
  async contradictionIn(root: Root, images: readonly Described[]): Promise<DistError | undefined> {
    try {
      for (const image of images)
        if (configTypes.has(image.config.mediaType)) await this.#check(root.desc.digest, image)
      return undefined
    } catch (error) {
      if (error instanceof DistError && hasCode(error, 'MALFORMED', 'FAILED_PRECONDITION')) return error
      throw error
    }
  }

  async #check(name: string, { config, layers }: Described): Promise<void> {
    const diffs = await readDiffs(`config ${config.digest}`, config, this.content)
    if (diffs.length !== layers.length)
      throw malformed(
        name,
        `has ${layers.length} layers, expected ${diffs.length} by the diff_ids of its config`,
      )
    const differs = this.#differs(config.digest, layers)
    for (const [i, layer] of layers.entries()) {
      const file = this.#files.get(layer.digest)
      // Decompressing takes long: only if the docker list has other layers.
      if (file !== undefined && (differs || compressionOf(file) === undefined))
        await verifyDiff(`layer ${layer.digest}`, file, diffs[i] as Digest, this.content)
    }
  }

  /** Whether the docker list has an image with this config and other layers. */
  #differs(config: Digest, layers: readonly Descriptor[]): boolean {
    const own = layers.map(({ digest }) => digest).join()
    return this.docker.listed.some((listed) => {
      const parts = this.docker.partsOf(listed)
      return parts?.config === config && parts.layers.join() !== own
    })
  }
}
