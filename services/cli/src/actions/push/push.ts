import { openStore, type Store } from '@dist/composition'
import type { Image } from '@dist/content'
import { isFailedPrecondition } from '@dist/errdefs'
import { type Source, storeSource } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import { parseReference, type Reference } from '@dist/reference'
import { hasty, openRegistry } from '../../compose/remote.js'
import type { Context } from '../../context.js'
import type { StoreOptions } from '../../options.js'
import { note } from '../../output.js'
import { findImage, shownName } from '../names.js'
import { type Part, partOf } from './part.js'
import { reportSent } from './report.js'
import { checkDigest, type SendOptions, sendImage } from './send.js'

export interface PushOptions extends SendOptions, StoreOptions {}

/** `dist push`: an image of the store to a registry, its tag last. */
export async function push(
  context: Context,
  text: string,
  remoteText: string | undefined,
  options: PushOptions,
): Promise<number> {
  const named = remoteText === undefined ? undefined : parseReference(remoteText)
  await using store = await openStore(options, context.env)
  const image = await findImage(text, store.names)
  const destination = named ?? parseReference(image.name)
  const part = await partOf(image, store.content, options.platform, context.signal)
  checkDigest(part.root, destination)
  if (part.only !== undefined) sayPart(context, image, part, options.platform !== undefined)
  await using remote = openRegistry(options, context, hasty)
  const outcome = await sendImage(
    context,
    {
      reference: sourceOf(image) ?? destination,
      destination,
      source: sourceWith(store, part.root),
      platforms: part.platforms,
      remote,
      moving: 'uploading',
    },
    options,
  )
  const code = reportSent(context, outcome, { destination, verb: 'pushed', json: options.json })
  if (isFailedPrecondition(outcome.error))
    note(context, `dist verify ${shownName(image.name)} tells whether the store's content is damaged`)
  return code
}

/** Where the image came from, by its name: another repository of the same registry may give its blobs. */
function sourceOf({ name }: Image): Reference | undefined {
  try {
    return parseReference(name)
  } catch {
    return undefined
  }
}

/** The store, for this image alone. */
function sourceWith({ content, names }: Store, root: Descriptor): Source {
  return { ...storeSource(content, names), resolve: async (name) => ({ name, desc: root }) }
}

function sayPart(context: Context, { name, desc }: Image, { root, only }: Part, asked: boolean): void {
  const shown = shownName(name)
  note(
    context,
    `${shown}: the manifest of ${only} goes alone, ${root.digest}, without its index ${desc.digest}`,
  )
  if (!asked)
    note(
      context,
      `the store holds no more of it: dist pull --all-platforms ${shown}, then push, sends the index whole`,
    )
}
