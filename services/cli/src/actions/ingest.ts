import { copyContent, type Expected, type Info } from '@dist/content'
import { DistError, isAlreadyExists, isFailedPrecondition } from '@dist/errdefs'
import { parseDigest } from '@dist/oci'
import type { Store } from '@dist/wiring'
import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { openInput } from './input.js'
import { openAmongOthers } from './writer.js'

export interface IngestOptions extends StoreOptions {
  expectedDigest?: string | undefined
  expectedSize?: number | undefined
}

/** `dist ingest`: stdin into the store, visible only once it is verified. */
export async function ingest(context: Context, ref: string, options: IngestOptions): Promise<number> {
  if (ref.trim() === '') throw new DistError('INVALID_ARGUMENT', 'the write needs a name: <ref> is empty')
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
      onWait: (reason) => note(context, `${reason} for the same content: waiting for it`),
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
