import { DistError } from '@dist/errdefs'
import { publishStored } from '@dist/mirror'
import { parseReference, publishedNames } from '@dist/reference'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { findImage } from '../input/images.js'
import { openStore } from '../open/store.js'
import { type StoreOptions, withStore } from '../options.js'
import { print, printJson } from '../output/print.js'
import { copyTags } from './cosign-names.js'

const examples = `
Both names have the same content, which is stored once, and the same referrers. An existing name is replaced.

Examples:
  $ dist tag alpine:3.20 registry.example.com/base/alpine:stable`

export const tagCommand: Define = (context, onExit) =>
  withStore(new Command('tag'))
    .argument('<ref>', 'an image, as dist images shows it')
    .argument('<new name>', 'the additional name')
    .addHelpText('after', examples)
    .action(async (reference: string, name: string, options) =>
      onExit(await tag(context, reference, name, options)),
    )

/** `dist tag`: publishes an image under an additional name. */
export async function tag(
  context: Context,
  text: string,
  newName: string,
  options: StoreOptions,
): Promise<number> {
  const reference = parseReference(newName)
  await using store = await openStore(options, context.env)
  const image = await findImage(text, store.names)
  const { desc } = image
  if (reference.digest !== undefined && reference.digest !== desc.digest)
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${newName}": its digest is not the digest of the image, ${desc.digest}`,
    )
  for (const name of publishedNames(reference)) {
    await copyTags(image, name, store)
    await publishStored({ ...image, name }, store.content, store.names)
    if (options.json) printJson(context, { name, mediaType: desc.mediaType, digest: desc.digest })
    else print(context, `${name} ${desc.digest}`)
  }
  return exitCodes.done
}
