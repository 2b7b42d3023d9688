import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { givenDigest } from '../input/images.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore } from '../options.js'
import { print, printJson } from '../output/print.js'
import { forEachOf } from '../several.js'

const examples = `
Do not change the files: the store does not verify content again.

Examples:
  $ dist path sha256:9f86d0...
  $ tar -tzf "$(dist path -n sha256:9f86d0...)"`

export const pathCommand: Define = (context, onExit) =>
  withStore(new Command('path'))
    .argument('<digest...>', 'digests of content of the store')
    .option('-n, --no-digest', 'print only the path')
    .addHelpText('after', examples)
    .action(async (digests: string[], options) => onExit(await path(context, digests, options)))

export interface PathOptions extends StoreOptions {
  /** False with `-n`. */
  digest: boolean
}

/** `dist path`: the location of content. */
export async function path(
  context: Context,
  texts: readonly string[],
  options: PathOptions,
): Promise<number> {
  const digests = texts.map(givenDigest)
  await using store = await openStore(options, context.env)
  return await forEachOf(context, digests, { json: options.json, member: 'digest' }, async (digest) => {
    await store.content.info(digest)
    const file = store.locate(digest)
    if (options.json) printJson(context, { digest, path: file })
    else print(context, options.digest ? `${digest} ${file}` : file)
  })
}
