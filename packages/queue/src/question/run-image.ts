import { gather, type Image, imageNamed, oneChunk, type Selection } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { destinationName, type InspectedContent, type Source } from '@dist/mirror'
import { childrenOf, type Descriptor, isDigest, maxManifestSize, parseManifest } from '@dist/oci'
import { parsePrefix, parseReference, publishedNames } from '@dist/reference'
import type { Fetcher } from '@dist/remotes'
import type { ImageTree } from '@dist/runs'
import { wantedBy } from '@dist/sync'
import type { Engine } from '../engine/engine.js'
import { imageJobId } from '../jobs/ids.js'
import { imageJob } from '../jobs/payload.js'
import { type Item, readItem } from '../run/items.js'
import { RunEntries } from '../run/sources.js'
import type { CoordinatorParts } from '../service.js'
import { chunkSize, platformsOf, type RunHead } from '../state/head.js'
import { type ImageRecord, readRecord } from '../state/record.js'
import { treeOf, treeOfPublished } from './tree.js'

/** An image of a run, as Redis has it. */
interface RunImage {
  readonly run: string
  readonly head: RunHead
  readonly item: Item
  readonly record: ImageRecord
  /** What its reference was resolved to, while its job is there. */
  readonly resolved: Descriptor | undefined
}

/** The tree of an image of a run: at its registry once it is published there, in the store as far as it has come. */
export async function treeOfRunImage(
  engine: Engine,
  { published, source }: Pick<CoordinatorParts, 'published' | 'source'>,
  place: { readonly run: string; readonly index: number },
  signal: AbortSignal,
): Promise<ImageTree> {
  const image = await readImage(engine, place)
  const to = destinationOf(image)
  if (to !== undefined) return await treeAt(to, image, source, signal)
  const { names, content } = published
  const found = await publishedImage(image, names)
  if (found !== undefined) return await treeOfPublished(found, content, names)
  const { resolved } = image
  if (resolved === undefined) throw unknown(image, 'it is not known yet, or no longer, which image it is')
  const selection = await selectionOf(engine, image)
  return { ...(await treeOf({ desc: resolved, selection }, content)), referrers: [] }
}

async function readImage(
  { states, redis, keys, queues }: Engine,
  { run, index }: { readonly run: string; readonly index: number },
): Promise<RunImage> {
  const head = await states.head(run)
  const chunk = head && (await states.chunk(run, Math.floor(index / chunkSize)))
  const text = chunk?.[index % chunkSize]
  if (head === undefined || text === undefined)
    throw new DistError('NOT_FOUND', `run ${run}: it has no image ${index}`)
  const record = readRecord(await redis.hget(keys.images(run), String(index)))
  const id = imageJobId({ run, index, attempt: record.attempt })
  const data = await redis.hget(queues.images.toKey(id), 'data')
  const job = imageJob.safeParse(JSON.parse(data ?? '{}'))
  return { run, head, item: readItem(text, head), record, resolved: job.data?.resolved }
}

/** Its name at the registry that gets it. */
function destinationOf({ head, item, record: { digest } }: RunImage): string | undefined {
  if (item.to !== undefined || head.to === undefined) return item.to
  const sent = digest !== undefined && isDigest(digest) ? digest : undefined
  return destinationName(parseReference(item.reference), parsePrefix(head.to), sent)
}

/** The image in the store, if its name has what the run has found. */
async function publishedImage(
  { item, record, resolved }: RunImage,
  names: CoordinatorParts['published']['names'],
): Promise<Image | undefined> {
  const wanted = record.digest ?? resolved?.digest
  for (const name of publishedNames(parseReference(item.reference)).reverse()) {
    const image = await imageNamed(name, names)
    if (image !== undefined && (wanted === undefined || image.desc.digest === wanted)) return image
  }
  return undefined
}

async function selectionOf(engine: Engine, { run, head, item }: RunImage): Promise<Selection> {
  const asked = platformsOf(head)
  if (item.entry === undefined) return asked
  return wantedBy(await new RunEntries(engine).entry(run, item.entry), asked).platforms
}

/** Reads the manifests of a published image from its registry. Blobs are not asked for: the registry has taken the manifest. */
async function treeAt(to: string, image: RunImage, source: Source, signal: AbortSignal): Promise<ImageTree> {
  if (image.record.state !== 'done')
    throw unknown(image, 'it goes to a registry, and is not published there yet')
  const { digest } = image.record
  const reference = parseReference(to)
  const wanted = digest !== undefined && isDigest(digest) ? { ...reference, digest } : reference
  const { desc } = await source.resolve(wanted, { intent: 'compare', signal })
  const content = contentAt(source.fetcher(reference), desc, signal)
  return { name: to, ...(await treeOf({ desc, selection: 'all' }, content)), referrers: [] }
}

/** Manifests of a registry. What a manifest names is there: the registry has accepted the manifest. */
function contentAt(fetcher: Fetcher, root: Descriptor, signal: AbortSignal): InspectedContent {
  const sizes = new Map([[root.digest, root.size]])
  return {
    open: async ({ digest, mediaType = '', size = 0 }) => {
      const { body } = await fetcher.fetch({ digest, mediaType, size }, { signal })
      const content = await gather(body, maxManifestSize, digest)
      for (const child of childrenOf(parseManifest(content, mediaType, digest)))
        sizes.set(child.digest, child.size)
      return oneChunk(content)
    },
    find: async (digest) => ({ digest, size: sizes.get(digest) ?? 0, committedAt: new Date(0) }),
  }
}

function unknown({ run, item }: RunImage, why: string): DistError {
  return new DistError('NOT_FOUND', `run ${run}: the tree of ${item.reference} cannot be shown: ${why}`)
}
