import { DistError } from '@dist/errdefs'
import { Body } from './body.js'
import { Bytes, truncated } from './bytes.js'
import type { TarEntry } from './entry.js'
import { type Extensions, headerOf, noExtensions } from './extend.js'
import { type Block, blockSize, decodeBlock } from './header.js'
import { parseRecords, type Records } from './pax.js'

export interface ReadTarOptions {
  /** An abort ends the reading, and closes the source. Default: none. */
  signal?: AbortSignal | undefined
  /**
   * Whether the two empty blocks at the end, and the padding of the last file, may be missing, as in some archives in
   * use. An archive that was cut off between two entries is then not detected: only for content that is verified by its
   * digest. Default: false.
   */
  openEnd?: boolean | undefined
  /**
   * Whether a second archive after the end is `MALFORMED`, instead of being skipped as all other data there. Default:
   * false.
   */
  alone?: boolean | undefined
}

/** Bytes of a header with a long name or PAX records, which is read into memory. */
const extensionLimit = 1024 * 1024

/**
 * The entries of an archive in order: ustar, PAX (with global headers) and GNU. Reads the source to its end, also after
 * the end of the archive, and closes it when the reading stops before. Throws `MALFORMED` for data that is not an archive,
 * an archive without its two empty end blocks (but see `openEnd`), and invalid numbers or names; `NOT_IMPLEMENTED`,
 * naming the entry, for sparse files and other types that images do not contain; `RESOURCE_EXHAUSTED` for a header of
 * more than 1 MiB; and what the source throws.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const bytes = new Bytes(source, options.signal)
  try {
    let globals: Records = new Map()
    let extensions: Extensions = noExtensions
    if (!options.openEnd && (await bytes.isEmpty())) throw new DistError('MALFORMED', 'archive: has no bytes')
    const next = () => nextBlock(bytes, options.openEnd ?? false)
    for (let block = await next(); block !== undefined; block = await next()) {
      if (block.flag === 'g') {
        globals = new Map([...globals, ...parseRecords(await readExtension(bytes, block))])
      } else if (isExtension(block)) {
        extensions = extend(extensions, block.flag, await readExtension(bytes, block))
      } else {
        const header = headerOf(block, globals, extensions)
        extensions = noExtensions
        const body = new Body(bytes, header.size, header.name, options.openEnd ?? false)
        yield { header, body }
        await body.end()
      }
    }
    if (extensions !== noExtensions) throw truncated('after an extension header, before its entry')
    if (options.alone) await refuseSecondArchive(bytes)
    await bytes.drain()
  } finally {
    await bytes.close()
  }
}

/** `MALFORMED` if a header follows the empty blocks. */
async function refuseSecondArchive(bytes: Bytes): Promise<void> {
  for (;;) {
    const rest = await bytes.upTo(blockSize)
    if (rest.byteLength < blockSize) return
    if (rest.every((byte) => byte === 0)) continue
    if (isHeader(rest))
      throw new DistError(
        'MALFORMED',
        'archive: another archive follows it in the same stream; pass them one at a time',
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
    throw new DistError('MALFORMED', 'archive: damaged: an empty block between headers')
  return undefined
}

/** Undefined for an empty block. */
async function oneBlock(bytes: Bytes, openEnd: boolean): Promise<Block | undefined> {
  const block = bytes.take(blockSize) ?? (await bytes.read(blockSize, 'a header'))
  if (block !== undefined) return decodeBlock(block)
  if (openEnd) return undefined
  throw truncated('before its two empty end blocks')
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

async function readExtension(bytes: Bytes, block: Block): Promise<Buffer> {
  if (block.size > extensionLimit)
    throw new DistError('RESOURCE_EXHAUSTED', `archive: a header of more than ${extensionLimit} bytes`)
  const padded = Math.ceil(block.size / blockSize) * blockSize
  const content = bytes.take(padded) ?? (await bytes.read(padded, 'a header'))
  if (content === undefined) throw truncated('in a header')
  return content.subarray(0, block.size)
}
