import { type ArchivePlan, planArchive, writeArchive } from '@dist/archive'
import { openStore } from '@dist/composition'
import type { Image, Names } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { formatBytes } from '../format.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson, writeBytes } from '../output.js'
import { AmountLine } from '../progress/amount.js'
import { plural } from './mirror/summary.js'
import { findImage, shownName } from './names.js'
import { writeOutputFile } from './output-file.js'

export interface ExportOptions extends StoreOptions {
  /** `-` is stdout. */
  output: string
  platform?: string
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
  await using store = await openStore(options, context.env)
  const images = await findImages(texts, store.names)
  const plan = await planArchive(images, store.content, { ...platform, signal })
  const line = new AmountLine(context, 'exporting', plan.size)
  try {
    const chunks = line.watch(writeArchive(plan, store.content, signal))
    if (output === '-') for await (const chunk of chunks) await writeBytes(context, chunk)
    else await writeOutputFile(output, chunks)
  } finally {
    line.end()
  }
  report(context, plan, options)
  return exitCodes.done
}

async function findImages(texts: readonly string[], names: Names): Promise<Image[]> {
  const images: Image[] = []
  for (const text of texts) images.push(await findImage(text, names))
  return images
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
