import { createInterface } from 'node:readline'
import { gather } from '@dist/content'
import { DistError, isNotFound, throwIfAborted } from '@dist/errdefs'
import { digestOf, isDigest, maxManifestSize, parseDigest } from '@dist/oci'
import { formatLocator, type Locator, parseTag } from '@dist/reference'
import { type FetchedObject, type Hint, type ObjectFetcher, parseHint } from '@dist/remotes'
import type { Context } from '../context.js'
import { writeBytes } from '../output/print.js'
import { startDeadline } from './deadline.js'

/**
 * The multi-fetch mode, in the manner of `git cat-file --batch`: a request a line, answers in the same order.
 * What is missing is said and the stream goes on; everything else that fails ends it, for whoever reads could not
 * tell a short body from the next header.
 */
export async function fetchLines(
  context: Context,
  fetcher: ObjectFetcher,
  settings: FetchSettings,
): Promise<void> {
  const lines = createInterface({ input: context.stdin, signal: context.signal })
  let number = 0
  for await (const line of lines) {
    number++
    if (line.trim() !== '') await answer(context, fetcher, requestOf(line, number), settings)
  }
  throwIfAborted(context.signal)
}

function requestOf(line: string, number: number): Request {
  const [object = '', ...hints] = line.trim().split(/\s+/)
  try {
    return parseRequest(object, hints)
  } catch (cause) {
    if (!(cause instanceof DistError)) throw cause
    throw new DistError(cause.code, `line ${number} of stdin: ${cause.message}`, { cause })
  }
}

async function answer(
  context: Context,
  fetcher: ObjectFetcher,
  { object, hints }: Request,
  { json, limit, locator }: FetchSettings,
): Promise<void> {
  const what = `${object} of ${formatLocator(locator)}`
  using deadline = startDeadline(context.signal, limit, `fetching ${what}`)
  const { signal } = deadline
  const output = { ...context, signal }
  try {
    const found = await lookUp(fetcher, { object, hints }, signal)
    if (found === undefined) {
      await writeBytes(output, Buffer.from(`${object} missing\n`))
      return
    }
    const { mediaType, digest, size, body } = found
    await writeBytes(output, Buffer.from(`${digest} ${mediaType} ${size}\n`))
    await writeBody(output, body, size, what)
    await writeBytes(output, Buffer.from('\n'))
    if (json) sayFetched(context, { object, mediaType, digest, size })
  } catch (error) {
    throw deadline.blame(error)
  }
}

/** Undefined for what the registry does not have. Once the header is out, that would be a failure like others. */
async function lookUp(
  fetcher: ObjectFetcher,
  { object, hints }: Request,
  signal: AbortSignal,
): Promise<Described | undefined> {
  try {
    return await described(await fetcher.fetchObject(object, hints, { signal }), object)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

interface Described {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/**
 * The header stands before the body: what it says must be known first. Where digest or size are not, the body is
 * gathered, up to the size of a manifest; blobs always have their digest as object.
 */
async function described(
  { mediaType, digest, size, body }: FetchedObject,
  object: string,
): Promise<Described> {
  const known = isDigest(object) ? object : digest
  if (known !== undefined && size !== undefined) return { mediaType, digest: known, size, body }
  const content = await gather(body, maxManifestSize, object)
  return { mediaType, digest: known ?? digestOf(content), size: content.byteLength, body: [content] }
}

/** Never more bytes than the header said, and an error where there are fewer. */
async function writeBody(
  context: Context,
  body: Described['body'],
  size: number,
  what: string,
): Promise<void> {
  let written = 0
  for await (const chunk of body) {
    written += chunk.byteLength
    if (written > size) break
    await writeBytes(context, chunk)
  }
  if (written !== size)
    throw new DistError('FAILED_PRECONDITION', `${what}: the body does not have the announced ${size} bytes`)
}

/** An object that is asked for, with what is known of it. */
export interface Request {
  readonly object: string
  readonly hints: readonly Hint[]
}

/** How objects are fetched. */
export interface FetchSettings {
  readonly locator: Locator
  /** Milliseconds for each object; without one there is no end. */
  readonly limit: number | undefined
  readonly json: boolean
}

/** Reads an object, a tag or a digest, and its hints. Throws `INVALID_ARGUMENT`. */
export function parseRequest(object: string, hints: readonly string[]): Request {
  if (object.includes(':')) parseDigest(object)
  else parseTag(object)
  return { object, hints: hints.map((hint) => parseHint(hint)) }
}

/** What `--json` tells of an object: on stderr, for stdout has the bytes. */
export function sayFetched({ stderr }: Context, metadata: object): void {
  stderr.write(`${JSON.stringify(metadata)}\n`)
}
