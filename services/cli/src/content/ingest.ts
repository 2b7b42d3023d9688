import type { Store } from '@dist/content'
import {
  copyContent,
  type Expected,
  type Info,
  type Ingester,
  type Manager,
  type Status,
  type Writer,
} from '@dist/content'
import { backoff, DistError, isAlreadyExists, isFailedPrecondition, isHeld, sleep } from '@dist/errdefs'
import { parseDigest } from '@dist/oci'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/exit.js'
import { openInput } from '../input/stdin.js'
import { openStore } from '../open/store.js'
import { byteCount, type StoreOptions, withStore } from '../options.js'
import { note, print, printJson } from '../output/print.js'

const examples = `
Nothing is visible in the store before size and digest match. What was cut off goes on where it stopped when the
digest is given and stdin is a file, and starts again otherwise. <ref> names the write, so that dist active can show
it: one process at a time writes under it. Prints digest and size. Into S3 more than 8 MiB needs the digest.

Examples:
  $ dist ingest --expected-digest sha256:9f86d0... --expected-size 5 my-layer < layer.tar.gz
  $ dist fetch localhost:5000/app sha256:9f86d0... | dist ingest --expected-digest sha256:9f86d0... sha256:9f86d0...`

export const ingestCommand: Define = (context, onExit) =>
  withStore(new Command('ingest'))
    .argument('<ref>', 'a name for the write while it goes on')
    .option('--expected-digest <digest>', 'what the content must have as digest')
    .addOption(
      new Option('--expected-size <bytes>', 'how many bytes the content must have').argParser(byteCount),
    )
    .addHelpText('after', examples)
    .action(async (ref: string, options) => onExit(await ingest(context, ref, options)))

export interface IngestOptions extends StoreOptions {
  expectedDigest?: string | undefined
  expectedSize?: number | undefined
}

/** `dist ingest`: stdin into the store, visible only once it is verified. */
export async function ingest(context: Context, ref: string, options: IngestOptions): Promise<number> {
  if (ref.trim() === '') throw new DistError('INVALID_ARGUMENT', '<ref> is empty: give a name for the write')
  const expected = expectedOf(options)
  await using store = await openStore(options, context.env, { create: true })
  const { info, present } = await take(context, store, ref, expected)
  const { digest, size } = info
  if (options.json) printJson(context, { ref, digest, size, present })
  else print(context, `${digest} ${size}`)
  return exitCodes.done
}

function expectedOf({ expectedDigest, expectedSize }: IngestOptions): Expected {
  return {
    ...(expectedDigest === undefined ? {} : { digest: parseDigest(expectedDigest) }),
    ...(expectedSize === undefined ? {} : { size: expectedSize }),
  }
}

interface Taken {
  info: Info
  /** It was there already, or somebody else was first. */
  present: boolean
}

async function take(context: Context, store: Store, ref: string, expected: Expected): Promise<Taken> {
  try {
    return { info: await write(context, store, ref, expected), present: false }
  } catch (error) {
    if (!isAlreadyExists(error) || expected.digest === undefined) throw error
    return { info: await store.content.info(expected.digest), present: true }
  }
}

async function write(context: Context, store: Store, ref: string, expected: Expected): Promise<Info> {
  for (let again = false; ; again = true) {
    await using writer = await openAmongOthers(store.content, ref, expected, {
      signal: context.signal,
      onWait: (reason) => note(context, `${reason} for the same content; waiting`),
    })
    const input = openInput(context)
    const resumed = writer.status.offset > 0 && input.seekable && !again
    if (!resumed && writer.status.offset > 0) await writer.restart()
    try {
      return await copyContent(writer, input.from(writer.status.offset), { signal: context.signal })
    } catch (error) {
      // What was left may be of another file than this one: that is worth one reading from the start.
      if (!resumed || !isFailedPrecondition(error)) throw error
    }
  }
}

const firstWaitMs = 20

const longestWaitMs = 1000

/** Milliseconds after which other processes see the status of a write at the latest. */
const statusDelayMs = 2000

/**
 * Opens a writer, and where another one holds the ref for the same expected digest waits until it is through: this
 * then throws `ALREADY_EXISTS`, or goes on with what the other left. A ref held for another digest, or for one that
 * is not known, is `UNAVAILABLE` at once.
 */
export async function openAmongOthers(
  content: Ingester & Pick<Manager, 'statuses'>,
  ref: string,
  expected: Expected,
  { signal, onWait }: { signal: AbortSignal; onWait: (reason: string) => void },
): Promise<Writer> {
  const since = performance.now()
  for (let attempt = 0; ; attempt++) {
    try {
      return await content.writer(ref, expected, { signal })
    } catch (error) {
      if (!isHeld(error) || expected.digest === undefined) throw error
      const holder = await statusOf(ref, content)
      const known = holder !== undefined || performance.now() - since > statusDelayMs
      if (known && holder?.expected.digest !== expected.digest) throw error
      if (attempt === 0) onWait((error as Error).message)
    }
    await sleep(backoff(attempt, firstWaitMs, longestWaitMs), signal)
  }
}

async function statusOf(ref: string, content: Pick<Manager, 'statuses'>): Promise<Status | undefined> {
  for await (const status of content.statuses()) if (status.ref === ref) return status
  return undefined
}
