import type { ArchivePlan } from '@dist/archive'
import type { Image, Store } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { tagsOf } from '../images/cosign-names.js'
import { findImages, readNames } from '../input/images.js'
import { openStore } from '../open/store.js'
import { collect, type StoreOptions, withStore } from '../options.js'
import { writeOutputFile } from '../output/file.js'
import { formatBytes, plural, shownName } from '../output/format.js'
import { note, print, printJson, writeBytes } from '../output/print.js'
import { AmountLine } from '../progress/line.js'

const examples = `
The archive is an OCI image layout in a tar. skopeo, ctr and podman read it; docker load reads it if each image has one
platform. The same images give the same bytes. Content is verified while it is read: damaged content is an error. All images
of a call are in one archive. An existing file is replaced only with --force.

Examples:
  $ dist export -o alpine.tar alpine:3.20
  $ dist export --all -o images.tar
  $ dist images -q | grep /team-a/ | dist export -f - -o team-a.tar
  $ dist export --platform linux/arm64 -o app.tar localhost:5000/app:1.2 localhost:5000/db:9
  $ dist export alpine:3.20 | ssh behind.example.com dist import`

export const exportCommand: Define = (context, onExit) =>
  withStore(new Command('export'))
    .argument('[ref...]', 'images, as dist images shows them')
    .option(
      '-f, --file <file>',
      'read images from a file, one in each line, - is stdin; may be repeated',
      collect,
    )
    .option('--all', 'export all images of the store')
    .option('-o, --output <file>', 'the archive; - is stdout', '-')
    .option('--force', 'replace an existing file')
    .option(
      '--platform <os/arch[/variant]>',
      'export only this platform of an index: its manifest is the image',
    )
    .addHelpText('after', examples)
    .action(async (references: string[], options) => onExit(await exportImages(context, references, options)))

export interface ExportOptions extends StoreOptions {
  /** `-` is stdout. */
  output: string
  /** Files with names of images. */
  file?: string[] | undefined
  /** All images of the store. */
  all?: boolean | undefined
  /** Replaces an existing file. */
  force?: boolean | undefined
  platform?: string | undefined
}

/** `dist export`: writes images of the store as an archive to a file or to stdout. */
export async function exportImages(
  context: Context,
  texts: readonly string[],
  options: ExportOptions,
): Promise<number> {
  const { output } = options
  if (output === '-' && context.stdout.isTTY)
    throw new DistError('INVALID_ARGUMENT', 'stdout is a terminal: give a file for the archive with -o')
  const { signal } = context
  const platform = options.platform === undefined ? {} : { platform: parsePlatform(options.platform) }
  const wanted = await wantedNames(context, texts, options)
  await using store = await openStore(options, context.env)
  const images =
    wanted === 'all'
      ? await allImages(store)
      : await withTags(await findImages(wanted, store.names), store.names, options)
  const { planArchive, writeArchive } = await import('@dist/archive')
  const plan = await planArchive(images, store.content, { ...platform, signal })
  const line = new AmountLine(context, 'exporting', plan.size)
  try {
    const chunks = line.watch(writeArchive(plan, store.content, signal))
    if (output === '-') for await (const chunk of chunks) await writeBytes(context, chunk)
    else await writeOutputFile(output, chunks, options)
  } finally {
    line.end()
  }
  report(context, plan, options)
  return exitCodes.done
}

/** The names of the images. No name is an error: an archive without images is never useful. */
async function wantedNames(
  context: Context,
  texts: readonly string[],
  { all, file }: ExportOptions,
): Promise<'all' | string[]> {
  const named = texts.length > 0 || file !== undefined
  if (all && named) throw new DistError('INVALID_ARGUMENT', '--all and images exclude each other')
  if (all) return 'all'
  if (!named)
    throw new DistError('INVALID_ARGUMENT', 'no images: give images, a file of images with -f, or --all')
  const names = await readNames(context, texts, file)
  if (names.length > 0) return names
  throw new DistError('INVALID_ARGUMENT', 'nothing to export: the input names no image')
}

/** Also the tags of cosign that came with the images, unless one platform is exported alone. */
async function withTags(
  images: readonly Image[],
  names: Store['names'],
  { platform }: ExportOptions,
): Promise<readonly Image[]> {
  if (platform !== undefined) return images
  const tags = await Promise.all(images.map((image) => tagsOf(image, names)))
  return [...images, ...tags.flat()]
}

async function allImages({ names, url }: Store): Promise<Image[]> {
  const images: Image[] = []
  for await (const image of names.list()) images.push(image)
  if (images.length > 0) return images
  throw new DistError('NOT_FOUND', `store ${sanitize(url)}: it has no images; dist pull adds images`)
}

/** Prints the content of the archive: to stderr if the archive is on stdout. */
function report(context: Context, plan: ArchivePlan, { output, json }: ExportOptions): void {
  const { images, objects, size, foreign, notForDocker } = plan
  const toStdout = output === '-'
  if (json) {
    const place = toStdout ? {} : { file: output }
    const docker = notForDocker === undefined
    const report = { ...place, size, objects: objects.length, docker, images: images.map(jsonImage) }
    printJson(toStdout ? { ...context, stdout: context.stderr } : context, report)
  } else {
    const say = (text: string) => (toStdout ? note(context, text) : print(context, text))
    for (const { name, desc } of images) say(`${shownName(name)} ${desc.digest}`)
    const what = `${plural(images.length, 'image')}, ${plural(objects.length, 'object')}`
    note(context, `${what}, ${formatBytes(size)}${toStdout ? '' : ` in ${sanitize(output)}`}`)
  }
  if (notForDocker !== undefined)
    note(context, `docker load cannot read the archive (other tools can): ${shownName(notForDocker)}`)
  if (foreign.length > 0)
    note(context, `left out ${plural(foreign.length, 'foreign layer')} that the store does not have`)
}

function jsonImage({ name, desc, selection }: Image): object {
  return { name, mediaType: desc.mediaType, digest: desc.digest, selection }
}
