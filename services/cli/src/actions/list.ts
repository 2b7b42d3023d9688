import { openStore } from '@dist/composition'
import type { Info } from '@dist/content'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import { formatBytes, formatDuration } from '../format.js'
import type { StoreOptions } from '../options.js'
import { writeBytes } from '../output.js'

export interface ListOptions extends StoreOptions {
  quiet?: boolean
}

/** `dist list`: the store's content, as it is found: a store may hold more than fits into memory at once. */
export async function list(context: Context, options: ListOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const say = (line: string) => writeBytes(context, Buffer.from(`${line}\n`))
  if (!options.json && !options.quiet) await say(columns('DIGEST', 'SIZE', 'AGE'))
  for await (const info of store.content.walk()) await say(lineOf(info, options))
  return exitCodes.done
}

function lineOf({ digest, size, committedAt }: Info, { json, quiet }: ListOptions): string {
  if (json) return JSON.stringify({ digest, size, committedAt })
  if (quiet) return digest
  return columns(digest, formatBytes(size), formatDuration(Date.now() - committedAt.getTime()))
}

function columns(digest: string, size: string, age: string): string {
  // As wide as a sha256 digest; the rare sha512 moves its line's columns.
  return `${digest.padEnd(71)}  ${size.padEnd(9)}  ${age}`
}
