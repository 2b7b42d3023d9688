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
 * Fetches many objects, like `git cat-file --batch`: a request in each line, answers in the same order. A missing object is
 * reported and the stream goes on. Every other failure ends it: the reader could not distinguish a short body from the
 * next header.
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

/** Undefined if the registry does not have the object. After the header this would be a failure. */
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
 * The header comes before the body, so digest and size must be known. If they are not, the body is read into memory, up to
 * the size of a manifest. The digest of a blob is always known: it is the object.
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

/** Writes at most as many bytes as the header announced. Throws if there are fewer. */
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

/** A requested object with its hints. */
export interface Request {
  readonly object: string
  readonly hints: readonly Hint[]
}

/** Settings for all objects. */
export interface FetchSettings {
  readonly locator: Locator
  /** Milliseconds for each object. Undefined: no limit. */
  readonly limit: number | undefined
  readonly json: boolean
}

/** Reads an object, a tag or a digest, and its hints. Throws `INVALID_ARGUMENT`. */
export function parseRequest(object: string, hints: readonly string[]): Request {
  if (object.includes(':')) parseDigest(object)
  else parseTag(object)
  return { object, hints: hints.map((hint) => parseHint(hint)) }
}

/** Prints the `--json` line of an object to stderr: stdout has the bytes. */
export function sayFetched({ stderr }: Context, metadata: object): void {
  stderr.write(`${JSON.stringify(metadata)}\n`)
}
