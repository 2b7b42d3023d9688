import { DistError } from '@dist/errdefs'
import { deleteContent, type RefusedDelete } from '@dist/mirror'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { jsonError } from '../errors/describe.js'
import { exitCodeOfAll } from '../errors/exit.js'
import { givenDigest } from '../input/images.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore } from '../options.js'
import { shownName } from '../output/names.js'
import { note, print, printJson } from '../output/print.js'

const examples = `
What images need is refused (exit code 1) and the images are named. With --force it goes all the same: the images can no
longer be vouched for, so their names are removed first, and said on stderr. Prints the digests of what went.

Examples:
  $ dist delete sha256:9f86d0...
  $ dist delete --force sha256:9f86d0...`

export const deleteCommand: Define = (context, onExit) =>
  withStore(new Command('delete'))
    .argument('<digest...>', 'content of the store')
    .option('--force', 'delete also what images need: they are unpublished')
    .addHelpText('after', examples)
    .action(async (digests: string[], options) => onExit(await deleteDigests(context, digests, options)))

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
    note(context, `${shownName(name)}: no longer published: its content was deleted`)
  for (const digest of deleted) {
    if (options.json) printJson(context, { digest })
    else print(context, digest)
  }
  const failures = [
    ...missing.map((digest) => ({
      digest,
      error: new DistError('NOT_FOUND', `${digest}: not in the store`),
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
  'dist images rm <ref> removes the name of an image; --force deletes content that images need, and unpublishes these images'

function inUse({ digest, images }: RefusedDelete): DistError {
  const more = images.length > namedAtMost ? [`${images.length - namedAtMost} more`] : []
  const named = [...images.slice(0, namedAtMost).map(shownName), ...more].join(', ')
  return new DistError('IN_USE', `${digest}: not deleted: needed by ${named}`)
}
