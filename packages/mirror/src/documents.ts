import { copyContent, gather, type Ingester, oneChunk, type Provider, readContent } from '@dist/content'
import { DistError, hasCode, isAlreadyExists, isFailedPrecondition, isNotFound } from '@dist/errdefs'
import { writeRef } from '@dist/images'
import { algorithmOf, type Descriptor, digestOf, maxManifestSize } from '@dist/oci'
import type { Fetcher } from '@dist/remotes'
import { openWhenFree } from './open-writer.js'
import type { Target } from './target.js'

export interface Documents extends Provider {
  /** The manifests that were fetched. */
  readonly fetched: readonly Descriptor[]
}

export interface DocumentSource {
  fetcher: Fetcher
  target: Pick<Target, 'provider' | 'ingester' | 'lacks' | 'remember'>
  /** Whether the manifests may have been written a moment ago by another process. Default: false. */
  again?: boolean | undefined
  /** Verified manifests that have been read before, by digest. */
  known?: ReadonlyMap<string, Uint8Array> | undefined
  onDocument?: ((desc: Descriptor, state: 'exists' | 'done') => void) | undefined
}

/** A provider of the manifests of an image. It reads them from the target, or fetches, verifies and commits them there. */
export function documentsOf(source: DocumentSource): Documents {
  const fetched: Descriptor[] = []
  return {
    fetched,
    open: async (wanted, options) => {
      const desc = wholeDescriptor(wanted)
      const { target } = source
      const stored = await storedDocument(source, desc, options?.signal)
      if (stored !== undefined) {
        target.remember?.(desc, stored.slice())
        source.onDocument?.(desc, 'exists')
        return oneChunk(stored)
      }
      const content =
        source.known?.get(desc.digest) ?? (await fetchDocument(source.fetcher, desc, options?.signal))
      await commitDocument(target.ingester, desc, content, options?.signal)
      target.remember?.(desc, content.slice())
      fetched.push(desc)
      source.onDocument?.(desc, 'done')
      return oneChunk(content)
    },
  }
}

async function storedDocument(
  { target, again = false }: DocumentSource,
  desc: Descriptor,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (!again && (await target.lacks?.(desc))) return undefined
  try {
    return await readContent(target.provider, desc, maxManifestSize, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function fetchDocument(fetcher: Fetcher, desc: Descriptor, signal?: AbortSignal): Promise<Uint8Array> {
  if (desc.size > maxManifestSize) {
    throw new DistError(
      'MALFORMED',
      `manifest ${desc.digest} has ${desc.size} bytes, more than the maximum of ${maxManifestSize}`,
    )
  }
  try {
    return await fetchOnce(fetcher, desc, signal)
  } catch (error) {
    if (!isFailedPrecondition(error)) throw error
    // A proxy may have damaged it.
    return await fetchOnce(fetcher, desc, signal)
  }
}

async function fetchOnce(fetcher: Fetcher, desc: Descriptor, signal?: AbortSignal): Promise<Uint8Array> {
  const { from, body } = await fetcher.fetch(desc, { signal })
  const content = await gatherSized(body, desc)
  const digest = content === undefined ? undefined : digestOf(content, algorithmOf(desc.digest))
  if (content?.byteLength === desc.size && digest === desc.digest) return content
  const where = from === undefined ? '' : ` (${from})`
  const found = content?.byteLength === desc.size ? `digest ${digest}` : sizeOf(content, desc)
  throw new DistError(
    'FAILED_PRECONDITION',
    `manifest ${desc.digest}: does not verify${where}: the content has ${found}`,
  )
}

function sizeOf(content: Uint8Array | undefined, { size }: Descriptor): string {
  return content === undefined ? `more than ${size} bytes` : `${content.byteLength} bytes, expected ${size}`
}

/** The body; undefined if it has more bytes than the descriptor. */
async function gatherSized(
  body: AsyncIterable<Uint8Array>,
  desc: Descriptor,
): Promise<Uint8Array | undefined> {
  try {
    return await gather(body, desc.size, `manifest ${desc.digest}`)
  } catch (error) {
    if (hasCode(error, 'RESOURCE_EXHAUSTED')) return undefined
    throw error
  }
}

async function commitDocument(
  ingester: Ingester,
  desc: Descriptor,
  content: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  try {
    // The content is at hand.
    const options = { signal, recent: true }
    await using writer = await openWhenFree(ingester, writeRef(desc), desc, options)
    if (writer.status.offset > 0) await writer.restart()
    await copyContent(writer, oneChunk(content))
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

function wholeDescriptor(wanted: Partial<Descriptor> & Pick<Descriptor, 'digest'>): Descriptor {
  const { mediaType, size } = wanted
  if (mediaType === undefined || size === undefined)
    throw new DistError('INTERNAL', `manifest ${wanted.digest}: its descriptor is incomplete`)
  return { ...wanted, mediaType, size }
}
