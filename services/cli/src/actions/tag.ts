import { putMerged } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { parseReference, publishedNames } from '@dist/reference'
import { openStore } from '@dist/wiring'
import type { Context } from '../context.js'
import { exitCodes } from '../exit.js'
import type { StoreOptions } from '../options.js'
import { print, printJson } from '../output.js'
import { findImage } from './names.js'

/** `dist tag`: publishes an image under a further name. */
export async function tag(
  context: Context,
  text: string,
  newName: string,
  options: StoreOptions,
): Promise<number> {
  const reference = parseReference(newName)
  await using store = await openStore(options, context.env)
  const { desc, selection } = await findImage(text, store.names)
  if (reference.digest !== undefined && reference.digest !== desc.digest)
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${newName}" names another digest than the image's ${desc.digest}`,
    )
  for (const name of publishedNames(reference)) {
    await putMerged({ name, desc, selection }, store.names)
    if (options.json) printJson(context, { name, mediaType: desc.mediaType, digest: desc.digest })
    else print(context, `${name} ${desc.digest}`)
  }
  return exitCodes.done
}
