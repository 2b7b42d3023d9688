import { DistError } from '@dist/errdefs'
import { Body } from './body.js'
import { Bytes, truncated } from './bytes.js'
import type { TarEntry } from './entry.js'
import { type Extensions, headerOf, noExtensions } from './extend.js'
import { type Block, blockSize, decodeBlock } from './header.js'
import { parseRecords, type Records } from './pax.js'

export interface ReadTarOptions {
  /** Ends the reading, and with it the source, with the signal's reason; default never. */
  signal?: AbortSignal | undefined
  /**
   * Whether the archive may do without the two empty blocks at its end, as some that are in use do, and without what fills
   * the last block of its last file. Nothing else tells one that was cut off between two entries, so it is for those who
   * know the whole by its digest. Default: false.
   */
  openEnd?: boolean | undefined
  /**
   * Whether another archive behind the end is `MALFORMED`, for those who would miss its entries. Default: false, it is
   * passed over, as everything there.
   */
  alone?: boolean | undefined
}

/** Long names and PAX records are held in memory. */
const extensionLimit = 1024 * 1024

/**
 * The entries of an archive, in their order: ustar, PAX (global headers too) and GNU. The source is read to its end,
 * also behind the end of the archive, and closed when the reading stops before. Throws `MALFORMED` for what is no
 * archive, or ends before its two empty blocks (but see `openEnd`), or holds numbers or names that cannot be; `NOT_IMPLEMENTED` by name
 * for sparse files and other types that do not occur in images; `RESOURCE_EXHAUSTED` for a header of more than
 * 1 MiB; and what the source throws.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const bytes = new Bytes(source, options.signal)
  try {
    let globals: Records = new Map()
    let extensions: Extensions = noExtensions
    if (!options.openEnd && (await bytes.isEmpty()))
      throw new DistError('MALFORMED', 'there is no archive: it has no bytes')
    const next = () => nextBlock(bytes, options.openEnd ?? false)
    for (let block = await next(); block !== undefined; block = await next()) {
      if (block.flag === 'g') {
        globals = new Map([...globals, ...parseRecords(await extension(bytes, block))])
      } else if (isExtension(block)) {
        extensions = extend(extensions, block.flag, await extension(bytes, block))
      } else {
        const header = headerOf(block, globals, extensions)
        extensions = noExtensions
        const body = new Body(bytes, header.size, header.name, options.openEnd ?? false)
        yield { header, body }
        await body.end()
      }
    }
    if (extensions !== noExtensions) throw truncated('a header that belongs to no entry')
    if (options.alone) await refuseAnother(bytes)
    await bytes.drain()
  } finally {
    await bytes.close()
  }
}

/** What follows the empty blocks is an archive if it begins with a header. */
async function refuseAnother(bytes: Bytes): Promise<void> {
  for (;;) {
    const rest = await bytes.upTo(blockSize)
    if (rest.byteLength < blockSize) return
    if (rest.every((byte) => byte === 0)) continue
    if (isHeader(rest))
      throw new DistError(
        'MALFORMED',
        'another archive follows it in the same stream: they have to come apart',
      )
    return
  }
}

function isHeader(block: Buffer): boolean {
  try {
    return decodeBlock(block) !== undefined
  } catch {
    return false
  }
}

/** Undefined for the two empty blocks that end an archive. */
async function nextBlock(bytes: Bytes, openEnd: boolean): Promise<Block | undefined> {
  const block = await oneBlock(bytes, openEnd)
  if (block !== undefined) return block
  if ((await oneBlock(bytes, openEnd)) !== undefined)
    throw new DistError('MALFORMED', 'the archive is damaged: an empty block stands among its headers')
  return undefined
}

/** Undefined for an empty one. */
async function oneBlock(bytes: Bytes, openEnd: boolean): Promise<Block | undefined> {
  const block = bytes.take(blockSize) ?? (await bytes.read(blockSize, 'a header'))
  if (block !== undefined) return decodeBlock(block)
  if (openEnd) return undefined
  throw truncated('nothing, where two empty blocks should be')
}

function isExtension(block: Block): boolean {
  return block.flag === 'x' || block.flag === 'L' || block.flag === 'K'
}

function extend(extensions: Extensions, flag: string, content: Buffer): Extensions {
  if (flag === 'x') return { ...extensions, records: parseRecords(content) }
  const end = content.indexOf(0)
  const name = content.toString('latin1', 0, end === -1 ? content.byteLength : end)
  return flag === 'L' ? { ...extensions, rawName: name } : { ...extensions, rawLinkname: name }
}

async function extension(bytes: Bytes, block: Block): Promise<Buffer> {
  if (block.size > extensionLimit)
    throw new DistError('RESOURCE_EXHAUSTED', `a header of the archive has more than ${extensionLimit} bytes`)
  const padded = Math.ceil(block.size / blockSize) * blockSize
  const content = bytes.take(padded) ?? (await bytes.read(padded, 'a header'))
  if (content === undefined) throw truncated('a header')
  return content.subarray(0, block.size)
}
