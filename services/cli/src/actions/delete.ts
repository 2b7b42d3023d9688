import { openStore } from '@dist/composition'
import { DistError } from '@dist/errdefs'
import { deleteContent } from '@dist/mirror'
import { parseDigest } from '@dist/oci'
import type { Context } from '../context.js'
import { exitCodeOfAll } from '../exit.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { shownName } from './names.js'

/** `dist delete`: content goes, and the names that need it go first. */
export async function deleteDigests(
  context: Context,
  texts: readonly string[],
  options: StoreOptions,
): Promise<number> {
  const digests = [...new Set(texts.map((text) => parseDigest(text)))]
  await using store = await openStore(options, context.env)
  const { deleted, missing, unpublished } = await deleteContent(digests, store.content, store.names)
  for (const name of unpublished)
    note(context, `${shownName(name)} is no longer published: it needs what was deleted`)
  for (const digest of deleted) {
    if (options.json) printJson(context, { digest })
    else print(context, digest)
  }
  const absent = missing.map((digest) => ({
    error: new DistError('NOT_FOUND', `${digest} is not in the store`),
  }))
  for (const { error } of absent) note(context, error.message)
  return exitCodeOfAll([...deleted.map(() => ({})), ...absent], context.signal)
}
