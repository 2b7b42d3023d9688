import { type ContentStore, readContent } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import {
  algorithmOf,
  type Descriptor,
  type Digest,
  Digester,
  digestOf,
  isDigest,
  isRecord,
  malformed,
  maxChildren,
  maxManifestSize,
  mediaTypes,
  parseDocument,
} from '@dist/oci'
import { decompress } from '@dist/tar'
import type { Contents } from './contents.js'
import { shownEntry } from './entries.js'
import type { Intake, Taken } from './intake.js'
import { dockerFile } from './layout.js'
import { mergeRoots, type Root } from './roots.js'

interface Listed {
  readonly config: string
  readonly names: readonly string[]
  readonly layers: readonly string[]
}

/**
 * The images of a docker archive. It has no manifests: each image gets an OCI manifest, which is the same whenever the
 * same files come again. OCI's, since Docker's schema 2 has no type for a layer that is not compressed, as most are
 * here, or by zstd. The config and the layers stay as they are, byte for byte.
 * Throws `MALFORMED`, `FAILED_PRECONDITION` for layers that are not those of the config's `diff_ids`.
 */
export async function dockerRoots(
  document: Uint8Array,
  contents: Contents,
  intake: Intake,
  content: ContentStore,
): Promise<Root[]> {
  const verified = new Set<string>()
  const roots: Root[] = []
  for (const listed of parseListed(document)) {
    const desc = await makeManifest(listed, contents, intake, content, verified)
    roots.push({ desc, names: listed.names, selection: 'all' })
  }
  await intake.settle()
  return mergeRoots(roots)
}

async function makeManifest(
  listed: Listed,
  contents: Contents,
  intake: Intake,
  content: ContentStore,
  verified: Set<string>,
): Promise<Descriptor> {
  const config = fileAt(listed.config, contents)
  checkConfigName(listed.config, config)
  const layers = listed.layers.map((path) => fileAt(path, contents))
  const diffs = await readDiffs(listed.config, config, content)
  if (diffs.length !== layers.length)
    throw malformed(
      `${dockerFile}: ${shownEntry(listed.config)}`,
      `has ${diffs.length} diff_ids for ${layers.length} layers`,
    )
  for (const [i, layer] of layers.entries()) {
    const diff = diffs[i] as Digest
    if (!verified.has(`${layer.digest} ${diff}`))
      await verifyDiff(listed.layers[i] ?? '', layer, diff, content)
    verified.add(`${layer.digest} ${diff}`)
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
      layers: layers.map((layer) => ({
        mediaType: layerType(layer),
        digest: layer.digest,
        size: layer.size,
      })),
    }),
  )
  const digest = digestOf(manifest)
  await intake.take(`manifest of ${listed.config}`, manifest.byteLength, once(manifest), digest)
  return { mediaType: mediaTypes.ociManifest, digest, size: manifest.byteLength }
}

function parseListed(document: Uint8Array): Listed[] {
  const list = parseDocument(document, dockerFile)
  if (!Array.isArray(list)) throw malformed(dockerFile, 'is not a list')
  if (list.length > maxChildren) throw malformed(dockerFile, `lists more than ${maxChildren} images`)
  return list.map((entry: unknown, i) => {
    const where = `${dockerFile}[${i}]`
    if (!isRecord(entry)) throw malformed(where, 'is not an object')
    if (typeof entry.Config !== 'string') throw malformed(`${where}.Config`, 'is not a path')
    return {
      config: entry.Config,
      names: strings(entry.RepoTags, `${where}.RepoTags`),
      layers: strings(entry.Layers, `${where}.Layers`),
    }
  })
}

function strings(value: unknown, where: string): readonly string[] {
  const list = value ?? []
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw malformed(where, 'is not a list of texts')
  if (list.length > maxChildren) throw malformed(where, `has more than ${maxChildren} entries`)
  return list
}

/** docker links layers to those of other images: such links are short. */
const maxLinks = 8

function fileAt(path: string, { files, links }: Contents): Taken {
  let there = path.replace(/^(?:\.\/)+/, '')
  for (let hops = 0; hops < maxLinks; hops++) there = links.get(there) ?? there
  const file = files.get(there)
  if (file === undefined)
    throw malformed(dockerFile, `names ${shownEntry(path)}, which is not in the archive`)
  return file
}

/** A config is named after its digest; where it is not, nothing is said about it. */
function checkConfigName(path: string, { digest }: Taken): void {
  const [, hex] = /^(?:.*\/)?(?:sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(path) ?? []
  if (hex === undefined || digest === `sha256:${hex}`) return
  throw new DistError('FAILED_PRECONDITION', `${shownEntry(path)}: the content has digest ${digest}`)
}

async function readDiffs(path: string, config: Taken, content: ContentStore): Promise<Digest[]> {
  const name = shownEntry(path)
  if (config.size > maxManifestSize) throw malformed(name, `has ${config.size} bytes, too many for a config`)
  const document = parseDocument(await readContent(content, config, maxManifestSize), name)
  const rootfs = isRecord(document) ? document.rootfs : undefined
  const diffs: unknown = isRecord(rootfs) ? (rootfs.diff_ids ?? []) : undefined
  if (!Array.isArray(diffs)) throw malformed(name, 'has no rootfs.diff_ids')
  return diffs.map((diff: unknown) => {
    if (typeof diff !== 'string' || !isDigest(diff))
      throw malformed(name, `has a diff_id that is no digest: ${sanitize(String(diff), 100)}`)
    return diff
  })
}

async function verifyDiff(path: string, layer: Taken, diff: Digest, content: ContentStore): Promise<void> {
  const plain = compressionOf(layer) === undefined
  if (plain && layer.digest === diff) return
  const bytes = await content.open(layer)
  const digester = new Digester(algorithmOf(diff))
  for await (const chunk of plain ? bytes : decompress(bytes)) digester.update(chunk)
  const found = digester.digest()
  if (found === diff) return
  throw new DistError(
    'FAILED_PRECONDITION',
    `${shownEntry(path)} has diffID ${found}; its config says ${diff}`,
  )
}

function layerType(layer: Taken): string {
  const compression = compressionOf(layer)
  if (compression === 'gzip') return mediaTypes.ociLayerGzip
  return compression === 'zstd' ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer
}

function compressionOf({ head }: Taken): 'gzip' | 'zstd' | undefined {
  const magic = Buffer.from(head).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  // Also zstd's frames that are passed over may come first.
  return /^(?:28b52ffd|5.2a4d18)/.test(magic) ? 'zstd' : undefined
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
