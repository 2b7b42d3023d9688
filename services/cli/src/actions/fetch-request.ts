import { parseDigest } from '@dist/oci'
import { type Locator, parseTag } from '@dist/reference'
import { type Hint, parseHint } from '@dist/remotes'
import type { Context } from '../context.js'

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
