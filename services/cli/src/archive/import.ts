import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { addAbortSignal } from 'node:stream'
import type { ImportOutcome } from '@dist/archive'
import { abortError, DistError } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import { Command } from 'commander'
import { type Context, type Define, variable } from '../context.js'
import { exitCodes, fileError } from '../errors/errors.js'
import { openInput } from '../input/stdin.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore } from '../options.js'
import { formatBytes, plural, shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'
import { AmountLine } from '../progress/line.js'

const examples = `
Reads OCI image layouts in a tar (dist export, skopeo, buildx) and archives of docker save, plain, gzip or zstd. Images are
published only if the whole archive is valid. Content of a failed import is deleted.

Examples:
  $ dist import alpine.tar
  $ dist import --name registry.example.com/app < app.tar.gz
  $ docker save app:1.2 | dist import`

export const importCommand: Define = (context, onExit) =>
  withStore(new Command('import'))
    .argument('[file]', 'the archive; - is stdin', '-')
    .option('--name <ref>', 'the repository for images with only a tag or no name; with a tag: the name')
    .option(
      '--platform <os/arch[/variant]>',
      'import only this platform of an index: its manifest is the image',
    )
    .addHelpText('after', examples)
    .action(async (file: string, options) => onExit(await importImages(context, file, options)))

export interface ImportOptions extends StoreOptions {
  name?: string | undefined
  platform?: string | undefined
}

/** `dist import`: imports the images of an archive, from a file or stdin, into the store. */
export async function importImages(context: Context, file: string, options: ImportOptions): Promise<number> {
  const { importArchive, parseGivenName } = await import('@dist/archive')
  const name = options.name === undefined ? undefined : parseGivenName(options.name)
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  await using archive = await openArchive(context, file)
  await using store = await openStore(options, context.env, { create: true })
  const line = new AmountLine(context, 'importing', archive.size)
  // A bucket accepts larger content only with its digest.
  const spool = store.local === undefined ? { spool: variable(context.env, 'TMPDIR') ?? tmpdir() } : {}
  try {
    const settings = { name, platform, signal: context.signal, ...spool }
    const outcome = await importArchive(line.watch(archive.chunks), store, settings)
    line.end()
    report(context, outcome, options)
    return exitCodes.done
  } finally {
    line.end()
  }
}

interface ArchiveInput extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Bytes, if they are known. */
  readonly size: number | undefined
}

async function openArchive(context: Context, file: string): Promise<ArchiveInput> {
  if (file !== '-') return openFile(file, context.signal)
  if (context.stdin.isTTY)
    throw new DistError('INVALID_ARGUMENT', 'no archive: give a file, or pipe the archive in')
  return { chunks: openInput(context).from(0), size: undefined, [Symbol.asyncDispose]: async () => {} }
}

const chunkSize = 1024 * 1024

async function openFile(path: string, signal: AbortSignal): Promise<ArchiveInput> {
  const handle = await open(path).catch((error: unknown) => {
    throw fileError(path, 'read', error)
  })
  const stats = await handle.stat()
  return {
    chunks: chunksOf(path, handle, signal),
    size: stats.isFile() ? stats.size : undefined,
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

async function* chunksOf(path: string, handle: FileHandle, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stream = handle.createReadStream({ autoClose: false, highWaterMark: chunkSize })
  addAbortSignal(signal, stream)
  try {
    yield* stream as AsyncIterable<Uint8Array>
  } catch (error) {
    throw signal.aborted ? abortError(signal) : fileError(path, 'read', error)
  }
}

function report(context: Context, outcome: ImportOutcome, { json }: ImportOptions): void {
  const { images, nameless, foreign, objects, added, leftOut } = outcome
  for (const { name, desc, selection } of images) {
    if (json) printJson(context, { name, mediaType: desc.mediaType, digest: desc.digest, selection })
    else print(context, `${shownName(name)} ${desc.digest}`)
  }
  note(context, `${plural(objects, 'object')}, ${added} of them new`)
  for (const { digest } of nameless)
    note(
      context,
      `left out ${digest}: it has no name in the archive (--name <repository> names it by digest)`,
    )
  if (leftOut !== undefined)
    note(
      context,
      `left out ${plural(leftOut.files, 'file')} (${formatBytes(leftOut.bytes)}) that no image of the archive needs`,
    )
  if (foreign.length > 0)
    note(
      context,
      `${plural(foreign.length, 'foreign layer')} not in the archive: they stay at their publisher`,
    )
}
