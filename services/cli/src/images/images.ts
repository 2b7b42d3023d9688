import type { Image, Store } from '@dist/content'
import { freedBy, imagePlatforms, needsOf, removeUnusedTags, summarizeImage } from '@dist/mirror'
import { parseDigest } from '@dist/oci'
import type { OpenedStore } from '@dist/wiring/store'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { findImage } from '../input/images.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore, withTable } from '../options.js'
import { formatBytes, plural, shownName, typeOf } from '../output/format.js'
import { note, print, printJson, writeBytes } from '../output/print.js'
import { type Column, type TableOptions, tableFor } from '../output/table.js'
import { forEachOf, mapAhead } from '../several.js'
import { isCosignName } from './cosign-names.js'

const examples = `
SIZE is the size of the stored content of the image: its manifests, configs and layers, each counted once. Tags of cosign
(sha256-<hex>.sig and the like), which belong to other images, are listed with --all.

Examples:
  $ dist images
  $ dist images -q | dist export -f - -o images.tar
  $ dist images --needs sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
  $ dist images rm alpine:3.20`

const removeExamples = `
The content stays, since other images may need it: dist gc deletes what no image needs, and a note tells how much that is. Tags of
cosign that came with the image are removed with its last name in the repository.

Examples:
  $ dist images rm alpine:3.20 quay.io/prometheus/node-exporter:latest`

export const imagesCommand: Define = (context, onExit, loadTree) =>
  withTable(withStore(new Command('images')))
    .option('-a, --all', 'list tags of cosign, too')
    .option('-q, --quiet', 'print only names')
    .option('--needs <digest>', 'list only images that need this content')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await listImages(context, options)))
    .addCommand(removeCommand(context, onExit, loadTree))

const removeCommand: Define = (context, onExit) =>
  withStore(new Command('rm'))
    .description('remove the names of images; their content stays')
    .argument('<ref...>', 'images, as dist images shows them')
    .addHelpText('after', removeExamples)
    .action(async (references: string[], _options, command: Command) =>
      onExit(await removeImages(context, references, command.optsWithGlobals())),
    )

export interface ImagesOptions extends StoreOptions, TableOptions {
  /** Also the tags of cosign. */
  all?: boolean | undefined
  /** Print only names. */
  quiet?: boolean | undefined
  /** The digest of content: only images that need it. */
  needs?: string | undefined
}

/** Images that are read at the same time: each read of a bucket is a request. */
const ahead = 32

/** `dist images`: lists the published names. */
export async function listImages(context: Context, options: ImagesOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const images = listedImages(store, options)
  if (options.quiet) return await listNames(context, images)
  const rows: Row[] = []
  for await (const row of mapAhead(images, ahead, (image) => rowOf(image, store))) rows.push(row)
  rows.sort((a, b) => (a.name < b.name ? -1 : 1))
  if (options.json) for (const row of rows) printJson(context, row)
  else context.stdout.write(tableFor(context, columns, rows.map(cells), options))
  await noteWithheld(context, store)
  for (const { name, missing } of rows.filter((row) => row.missing.length > 0))
    note(context, `${shownName(name)}: incomplete: ${missing.length} objects are missing; pull it again`)
  return exitCodes.done
}

/** Names the images that wait for their repair. */
async function noteWithheld(context: Context, { withheld }: Store): Promise<void> {
  for await (const { name } of withheld.list())
    note(context, `${shownName(name)}: unpublished until dist verify --repair can fetch its content again`)
}

/** The images of a store: without tags of cosign, unless all are wanted. */
async function* listedImages(
  { content, names }: Store,
  { all = false, needs }: ImagesOptions,
): AsyncGenerator<Image> {
  const digests = new Set(needs === undefined ? [] : [parseDigest(needs)])
  const needed = await (digests.size > 0
    ? needsOf(digests, { content, names }, { unreadable: 'skip' })
    : undefined)
  const wanted = needed && new Set([...needed.values()].flatMap(({ images }) => images))
  for await (const image of names.list())
    if ((all || !isCosignName(image.name)) && (wanted?.has(image.name) ?? true)) yield image
}

async function listNames(context: Context, images: AsyncIterable<Image>): Promise<number> {
  const found: string[] = []
  for await (const { name } of images) found.push(name)
  for (const name of found.sort()) await writeBytes(context, Buffer.from(`${shownName(name)}\n`))
  return exitCodes.done
}

/** `dist images rm`: removes names; the content stays. */
export async function removeImages(
  context: Context,
  texts: readonly string[],
  options: StoreOptions,
): Promise<number> {
  await using store = await openStore(options, context.env)
  const removed: Image[] = []
  const code = await forEachOf(context, texts, { json: options.json, member: 'name' }, async (text) => {
    const withheld = await findWithheld(text, store)
    const image = withheld ?? (await findImage(text, store.names))
    const { name, desc } = image
    if (withheld === undefined) await store.names.delete(name)
    else await store.withheld.remove(name)
    removed.push(image)
    await removeUnusedTags(image, store.names)
    if (options.json) printJson(context, { name, digest: desc.digest })
    else print(context, shownName(name))
  })
  if (removed.length > 0) await noteFreed(context, removed, store)
  return code
}

/** The image with this name that is unpublished until its content is repaired. */
async function findWithheld(text: string, { withheld }: Store): Promise<Image | undefined> {
  for await (const image of withheld.list())
    if (image.name === text || shownName(image.name) === text) return image
  return undefined
}

/** Images that are read to find what the removed ones do not share: in a bucket each takes some requests. */
const readAtMost = 500

/** Tells how much content nothing needs now. */
async function noteFreed(context: Context, removed: readonly Image[], store: OpenedStore): Promise<void> {
  const isQuick = store.local !== undefined || (await hasAtMost(store.names.list(), readAtMost))
  const freed = isQuick ? await freedBy(removed, store, { signal: context.signal }) : undefined
  if (freed === undefined)
    note(context, 'dist gc deletes what no image needs now; dist gc --dry-run shows it')
  else if (freed.objects === 0) note(context, 'other images need all of the content')
  else note(context, `dist gc can delete ${plural(freed.objects, 'object')} (${formatBytes(freed.bytes)})`)
}

async function hasAtMost(items: AsyncIterable<unknown>, most: number): Promise<boolean> {
  let count = 0
  for await (const _ of items) if (++count > most) return false
  return true
}

const columns: readonly Column[] = [
  { title: 'REF', cut: 'name', least: 24 },
  { title: 'TYPE', rank: 3 },
  { title: 'DIGEST' },
  { title: 'SIZE', rank: 1 },
  { title: 'PLATFORMS', cut: 'end', least: 12, rank: 2 },
]

interface Row {
  name: string
  mediaType: string
  digest: string
  /** Of the whole image; undefined if it is unknown. */
  size?: number | undefined
  platforms: readonly string[]
  missing: readonly string[]
}

async function rowOf(image: Image, { content }: Store): Promise<Row> {
  const { size, platforms, missing } = await summarizeImage(image, content)
  return {
    name: image.name,
    mediaType: image.desc.mediaType,
    digest: image.desc.digest,
    size,
    platforms: platforms.length > 0 ? platforms : await imagePlatforms(image.desc, content),
    missing,
  }
}

function cells({ name, mediaType, digest, size, platforms }: Row): string[] {
  return [shownName(name), typeOf(mediaType), digest, formatBytes(size), platforms.join(',') || '-']
}
