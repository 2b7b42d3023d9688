import { DistError } from '@dist/errdefs'
import { deleteContent, type RefusedDelete } from '@dist/mirror'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodeOfAll, jsonError } from '../errors/errors.js'
import { givenDigest } from '../input/images.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore } from '../options.js'
import { shownName } from '../output/format.js'
import { note, print, printJson } from '../output/print.js'

const examples = `
Content that images need is not deleted (exit code 1), and these images are listed. With --force it is deleted: the names of
the images that need it are removed first, and listed on stderr. Prints the digests of the deleted content.

Examples:
  $ dist delete sha256:9f86d0...
  $ dist delete --force sha256:9f86d0...`

export const deleteCommand: Define = (context, onExit) =>
  withStore(new Command('delete'))
    .argument('<digest...>', 'digests of content of the store')
    .option('--force', 'delete content that images need, too: the images are unpublished')
    .addHelpText('after', examples)
    .action(async (digests: string[], options) => onExit(await deleteDigests(context, digests, options)))

export interface DeleteOptions extends StoreOptions {
  force?: boolean | undefined
}

/** Images that one message lists. */
const namedAtMost = 10

/** `dist delete`: deletes content that no image needs; with `--force` unpublishes the images that need it first. */
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
