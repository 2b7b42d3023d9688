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
import { exitCodes } from '../errors/errors.js'
import { openInput } from '../input/stdin.js'
import { openStore } from '../open/store.js'
import { byteCount, type StoreOptions, withStore } from '../options.js'
import { note, print, printJson } from '../output/print.js'

const examples = `
Nothing is visible in the store before size and digest match. An interrupted write is resumed if the digest is given and
stdin is a file, and restarted otherwise. <ref> names the write, for dist active: one process at a time can use it. Prints
digest and size. A store in S3 needs the digest for more than 8 MiB.

Examples:
  $ dist ingest --expected-digest sha256:9f86d0... --expected-size 5 my-layer < layer.tar.gz
  $ dist fetch localhost:5000/app sha256:9f86d0... | dist ingest --expected-digest sha256:9f86d0... sha256:9f86d0...`

export const ingestCommand: Define = (context, onExit) =>
  withStore(new Command('ingest'))
    .argument('<ref>', 'a name for the write while it is in progress')
    .option('--expected-digest <digest>', 'the digest that the content must have')
    .addOption(
      new Option('--expected-size <bytes>', 'the size that the content must have').argParser(byteCount),
    )
    .addHelpText('after', examples)
    .action(async (ref: string, options) => onExit(await ingest(context, ref, options)))

export interface IngestOptions extends StoreOptions {
  expectedDigest?: string | undefined
  expectedSize?: number | undefined
}

/** `dist ingest`: writes stdin into the store. Content is visible only after it is verified. */
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
  /** The content existed already, or another process has written it meanwhile. */
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
      // The interrupted write may be of another file: read this one once from its start.
      if (!resumed || !isFailedPrecondition(error)) throw error
    }
  }
}

const firstWaitMs = 20

const longestWaitMs = 1000

/** Milliseconds after which other processes see the status of a write at the latest. */
const statusDelayMs = 2000

/**
 * Opens a writer. If another process holds the ref for the same expected digest, waits until it ends: the result is then
 * `ALREADY_EXISTS`, or a writer that resumes. A ref that is held for another or an unknown digest is `UNAVAILABLE` at
 * once.
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
