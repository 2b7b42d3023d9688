import { DistError } from '@dist/errdefs'
import { deleteContent, type RefusedDelete } from '@dist/mirror'
import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodeOfAll } from '../exit.js'
import type { StoreOptions } from '../options.js'
import { note, print, printJson } from '../output.js'
import { jsonError } from '../run.js'
import { givenDigest, shownName } from './names.js'

export interface DeleteOptions extends StoreOptions {
  force?: boolean | undefined
}

/** Images that are named of those that need some content. */
const namedAtMost = 10

/** `dist delete`: content goes that no image needs; with `--force` the names that need it go first. */
export async function deleteDigests(
  context: Context,
  texts: readonly string[],
  options: DeleteOptions,
): Promise<number> {
  const digests = [...new Set(texts.map(givenDigest))]
  await using store = await openStore(options, context.env)
  const { content, names } = store
  const { deleted, missing, refused, unpublished } = await deleteContent(digests, content, names, {
    force: options.force === true,
  })
  for (const name of unpublished)
    note(context, `${shownName(name)} is no longer published: it needs what was deleted`)
  for (const digest of deleted) {
    if (options.json) printJson(context, { digest })
    else print(context, digest)
  }
  const failures = [
    ...missing.map((digest) => ({
      digest,
      error: new DistError('NOT_FOUND', `${digest} is not in the store`),
    })),
    ...refused.map((each) => ({ digest: each.digest, error: inUse(each) })),
  ]
  for (const { digest, error } of failures) {
    if (options.json) printJson(context, { digest, ...jsonError(error) })
    note(context, error.message)
  }
  if (refused.length > 0) note(context, forceAdvice)
  return exitCodeOfAll([...deleted.map(() => ({})), ...failures], context.signal)
}

const forceAdvice =
  'dist images rm <ref> takes an image’s name away; --force deletes what images need, and unpublishes them'

function inUse({ digest, images }: RefusedDelete): DistError {
  const more = images.length > namedAtMost ? [`${images.length - namedAtMost} more`] : []
  const named = [...images.slice(0, namedAtMost).map(shownName), ...more].join(', ')
  return new DistError('IN_USE', `${digest} was not deleted: it is needed by ${named}`)
}
