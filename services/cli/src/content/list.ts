import type { Info } from '@dist/content'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore, withTable } from '../options.js'
import { formatBytes, formatDuration } from '../output/format.js'
import { writeBytes } from '../output/print.js'
import { shortenDigests, type TableOptions } from '../output/table.js'

const examples = `
Examples:
  $ dist list
  $ dist list -q | wc -l
  $ dist list --json | jq -s 'map(.size) | add'`

export const listCommand: Define = (context, onExit) =>
  withTable(withStore(new Command('list')))
    .option('-q, --quiet', 'print only digests')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await list(context, options)))

export interface ListOptions extends StoreOptions, TableOptions {
  quiet?: boolean | undefined
}

/** `dist list`: the content of the store. It is streamed: a store may have more than fits into memory. */
export async function list(context: Context, options: ListOptions): Promise<number> {
  await using store = await openStore(options, context.env)
  const isShort = context.stdout.isTTY && options.trunc !== false && !options.json && !options.quiet
  const width = isShort ? shortDigest : wholeDigest
  const say = (line: string) => writeBytes(context, Buffer.from(`${isShort ? shortenDigests(line) : line}\n`))
  if (!options.json && !options.quiet) await say(columns('DIGEST', 'SIZE', 'AGE', width))
  for await (const info of store.content.walk()) await say(lineOf(info, options, width))
  return exitCodes.done
}

/** Characters of a sha256 digest. The columns of a sha512 line are moved. */
const wholeDigest = 71

const shortDigest = 19

function lineOf({ digest, size, committedAt }: Info, { json, quiet }: ListOptions, width: number): string {
  if (json) return JSON.stringify({ digest, size, committedAt })
  if (quiet) return digest
  return columns(digest, formatBytes(size), formatDuration(Date.now() - committedAt.getTime()), width)
}

function columns(digest: string, size: string, age: string, width: number): string {
  return `${digest.padEnd(width)}  ${size.padEnd(9)}  ${age}`
}
