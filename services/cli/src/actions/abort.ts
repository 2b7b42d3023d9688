import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import type { StoreOptions } from '../options.js'
import { print, printJson } from '../output.js'
import { forEachOf } from './several.js'

/** `dist abort`: throws cut-off writes away. */
export async function abort(
  context: Context,
  refs: readonly string[],
  options: StoreOptions,
): Promise<number> {
  await using store = await openStore(options, context.env)
  return await forEachOf(context, refs, { json: options.json, member: 'ref' }, async (ref) => {
    await store.content.abort(ref)
    if (options.json) printJson(context, { ref })
    else print(context, ref)
  })
}
