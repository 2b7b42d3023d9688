import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { addAbortSignal } from 'node:stream'
import { type ImportOutcome, importArchive, parseGivenName } from '@dist/archive'
import { abortError, DistError } from '@dist/errdefs'
import { parsePlatform } from '@dist/oci'
import { nonEmpty } from '@dist/settings'
import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { fileError } from '../file-error.js'
import { formatBytes } from '../format.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { AmountLine } from '../progress/amount.js'
import { openInput } from './input.js'
import { plural } from './mirror/summary.js'
import { shownName } from './names.js'

export interface ImportOptions extends StoreOptions {
  name?: string | undefined
  platform?: string | undefined
}

/** `dist import`: the images of an archive, from a file or stdin, into the store. */
export async function importImages(context: Context, file: string, options: ImportOptions): Promise<number> {
  const name = options.name === undefined ? undefined : parseGivenName(options.name)
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  await using source = await openSource(context, file)
  await using store = await openStore(options, context.env, { create: true })
  const line = new AmountLine(context, 'importing', source.size)
  // A bucket takes larger content only with its digest.
  const spool = store.local === undefined ? { spool: nonEmpty(context.env.TMPDIR) ?? tmpdir() } : {}
  try {
    const settings = { name, platform, signal: context.signal, ...spool }
    const outcome = await importArchive(line.watch(source.chunks), store, settings)
    line.end()
    report(context, outcome, options)
    return exitCodes.done
  } finally {
    line.end()
  }
}

interface Source extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Bytes, where they are known. */
  readonly size: number | undefined
}

async function openSource(context: Context, file: string): Promise<Source> {
  if (file !== '-') return openFile(file, context.signal)
  if (context.stdin.isTTY)
    throw new DistError('INVALID_ARGUMENT', 'which archive? Name its file, or pipe one in')
  return { chunks: openInput(context).from(0), size: undefined, [Symbol.asyncDispose]: async () => {} }
}

const chunkSize = 1024 * 1024

async function openFile(path: string, signal: AbortSignal): Promise<Source> {
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
    note(context, `left out ${digest}: the archive gives it no name (--name <repository> does, by digest)`)
  if (leftOut !== undefined)
    note(
      context,
      `left out ${plural(leftOut.files, 'file')} (${formatBytes(leftOut.bytes)}) that no image of the archive needs`,
    )
  if (foreign.length > 0)
    note(context, `${plural(foreign.length, 'foreign layer')} stay where their publisher keeps them`)
}
