import { type ArchivePlan, planArchive, writeArchive } from '@dist/archive'
import type { Image } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import { openStore, type Store } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { formatBytes } from '../format.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson, writeBytes } from '../output.js'
import { AmountLine } from '../progress/amount.js'
import { plural } from './mirror/summary.js'
import { findImages, readNames, shownName } from './names.js'
import { writeOutputFile } from './output-file.js'

export interface ExportOptions extends StoreOptions {
  /** `-` is stdout. */
  output: string
  /** Files with names of images. */
  file?: string[] | undefined
  /** All images of the store. */
  all?: boolean | undefined
  /** Replaces a file that is there. */
  force?: boolean | undefined
  platform?: string | undefined
}

/** `dist export`: images of the store as an archive, in a file or on stdout. */
export async function exportImages(
  context: Context,
  texts: readonly string[],
  options: ExportOptions,
): Promise<number> {
  const { output } = options
  if (output === '-' && context.stdout.isTTY)
    throw new DistError('INVALID_ARGUMENT', 'an archive is nothing for a terminal: name a file with -o')
  const { signal } = context
  const platform = options.platform === undefined ? {} : { platform: parsePlatform(options.platform) }
  const wanted = await wantedNames(context, texts, options)
  await using store = await openStore(options, context.env)
  const images = wanted === 'all' ? await allImages(store) : await findImages(wanted, store.names)
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

/** The names of what is to be exported. No name at all is an error: an archive would be missed later. */
async function wantedNames(
  context: Context,
  texts: readonly string[],
  { all, file }: ExportOptions,
): Promise<'all' | string[]> {
  const named = texts.length > 0 || file !== undefined
  if (all && named)
    throw new DistError(
      'INVALID_ARGUMENT',
      'all images, or those that are named? Leave --all out, or the names',
    )
  if (all) return 'all'
  if (!named)
    throw new DistError(
      'INVALID_ARGUMENT',
      'what is to be exported? Give images, a file of them with -f, or --all',
    )
  const names = await readNames(context, texts, file)
  if (names.length > 0) return names
  throw new DistError('INVALID_ARGUMENT', 'nothing to export: there is no image in what was given')
}

async function allImages({ names, url }: Store): Promise<Image[]> {
  const images: Image[] = []
  for await (const image of names.list()) images.push(image)
  if (images.length > 0) return images
  throw new DistError('NOT_FOUND', `there is no image in the store ${sanitize(url)}: dist pull brings some`)
}

/** What is in the archive: on stderr where the archive itself is on stdout. */
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
    note(context, `not for docker load (other tools read it): ${shownName(notForDocker)}`)
  if (foreign.length > 0)
    note(context, `left out ${plural(foreign.length, 'foreign layer')}, which the store does not hold`)
}

function jsonImage({ name, desc, selection }: Image): object {
  return { name, mediaType: desc.mediaType, digest: desc.digest, selection }
}
