import { type Code, DistError, hasCode, isNotFound } from '@dist/errdefs'
import { algorithmOf, type Descriptor, digestOf } from '@dist/oci'
import type { Manager, Provider, ReadOptions, Recalling, Wanted } from './content.js'

/** Whether a store has the content of a descriptor, with the size of the descriptor. */
export async function has(content: Pick<Manager, 'find'>, desc: Descriptor): Promise<boolean> {
  return (await content.find(desc.digest))?.size === desc.size
}

/** As `has`, by a remembered answer where there is one. */
export async function hadRecently(
  content: Pick<Manager, 'find'> & Partial<Recalling>,
  desc: Descriptor,
  options: RecallOptions = {},
): Promise<boolean> {
  const recalled = options.presence === false ? undefined : await content.recall?.(desc.digest)
  if (recalled?.size === desc.size) return true
  return recalled === undefined || options.absence === false ? has(content, desc) : false
}

export interface RecallOptions {
  /** Whether a remembered answer counts that the content is absent. It costs a transfer that is not needed. Default: true. */
  absence?: boolean | undefined
  /** Whether a remembered answer counts at all: a collection of garbage may be at work. Default: true. */
  presence?: boolean | undefined
}

/**
 * Reads small content, for example a manifest, and verifies it. Throws `NOT_FOUND`, `RESOURCE_EXHAUSTED` for more than
 * `limit` bytes, `FAILED_PRECONDITION` if the stored bytes do not match the digest.
 */
export async function readContent(
  provider: Provider,
  desc: Wanted,
  limit: number,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const content = await gather(await provider.open(desc, options), limit, desc.digest)
  if (digestOf(content, algorithmOf(desc.digest)) !== desc.digest) {
    throw new DistError(
      'FAILED_PRECONDITION',
      `${desc.digest} is damaged in the store: delete it and pull again`,
    )
  }
  return content
}

/** Codes of content that is wrong itself, whatever store has it. */
const damageCodes: readonly Code[] = [
  'FAILED_PRECONDITION',
  'MALFORMED',
  'NOT_IMPLEMENTED',
  'RESOURCE_EXHAUSTED',
]

/** Whether reading failed because the content itself is wrong: damaged, malformed, unsupported or too large. */
export function isDamaged(error: unknown): error is DistError {
  return hasCode(error, ...damageCodes)
}

/** Whether reading failed because the content is missing or wrong itself. Other errors are those of the store. */
export function isUnreadable(error: unknown): error is DistError {
  return isNotFound(error) || isDamaged(error)
}

/** All bytes of a body. Throws `RESOURCE_EXHAUSTED` for more than `limit` bytes. `name` is for the error. */
export async function gather(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  name: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > limit) throw new DistError('RESOURCE_EXHAUSTED', `${name} has more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size)
}
