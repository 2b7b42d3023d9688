import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import type { StoreOptions } from '../options.js'
import { print, printJson } from '../output.js'
import { givenDigest } from './names.js'
import { forEachOf } from './several.js'

export interface PathOptions extends StoreOptions {
  /** False with `-n`. */
  digest: boolean
}

/** `dist path`: where content is on disk. */
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
