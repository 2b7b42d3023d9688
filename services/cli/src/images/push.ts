import type { Store } from '@dist/content'
import { DistError, isCanceled, isFailedPrecondition } from '@dist/errdefs'
import { destinationOf, type Source, storeSource } from '@dist/mirror'
import type { Descriptor } from '@dist/oci'
import { formatReference, parsePrefix, parseReference, type Reference } from '@dist/reference'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodeOfAll, exitCodes } from '../errors/errors.js'
import { findImage, findImages, readNames } from '../input/images.js'
import { noteWithoutBars, openRegistry } from '../open/registry.js'
import { openStore } from '../open/store.js'
import { collect, type StoreOptions, withSending, withStore } from '../options.js'
import { shownName } from '../output/format.js'
import { note, noteInterrupted } from '../output/print.js'
import { mapAhead } from '../several.js'
import { checkDestinations, type Part, partOf } from './destinations.js'
import { checkDigest, reportSent, type Sending, type SendOptions, sendImages } from './send.js'

const examples = `
Content is verified while it is sent. Content that the registry has is not sent again; content of another repository of the
registry is mounted from there. The tag is set last, so that an incomplete image is never visible. Pushing an unchanged
image needs one request.

Without <remote-ref> an image is pushed to the registry of its name, or with --to below that prefix. Most registries accept
an index only with all its manifests: if the store has one platform of an index, only its manifest is pushed.

Examples:
  $ dist push localhost:5000/app:1.2
  $ dist push alpine:3.20 registry.example.com/mirror/alpine:3.20
  $ dist push --to registry.example.com/mirror alpine:3.20 quay.io/prometheus/node-exporter:latest
  $ dist images -q | dist push -f - --to registry.example.com/mirror
  $ dist push --platform linux/arm64 registry.example.com/app:1 registry.example.com/app:1-arm64`

export const pushCommand: Define = (context, onExit) =>
  withSending(withStore(new Command('push')))
    .argument('[ref]', 'an image, as dist images shows it')
    .argument('[remote-ref...]', 'the destination (default: the name of the image); with --to: more images')
    .option(
      '-f, --file <file>',
      'read images from a file, one in each line, - is stdin; may be repeated',
      collect,
    )
    .option('--to <registry/prefix>', 'push images to a registry, below this prefix')
    .addHelpText('after', examples)
    .action(async (reference: string | undefined, others: string[], options) =>
      onExit(await push(context, reference === undefined ? [] : [reference, ...others], options)),
    )

export interface PushOptions extends SendOptions, StoreOptions {
  /** A registry with or without a path: the prefix of all destinations. */
  to?: string | undefined
  /** Files with names of images. */
  file?: string[] | undefined
}

/** A requested push: an image of the store, and its destination. */
interface PushRequest {
  text: string
  /** Default: the name of the image. */
  destination?: Reference | undefined
}

/** Images that are looked up at the same time. */
const lookedUpTogether = 32

/** An image of the store that is pushed. */
interface Pushed extends Sending {
  /** Its name in the store, sanitized. */
  name: string
  part: Part
}

/** `dist push`: pushes images of the store to registries. */
export async function push(
  context: Context,
  texts: readonly string[],
  options: PushOptions,
): Promise<number> {
  const requests = await requestsOf(context, texts, options)
  if (requests.length === 0) {
    note(context, 'nothing to push: the input names no image')
    return exitCodes.done
  }
  await using store = await openStore(options, context.env)
  const images = await pushedImages(requests, store, options, context)
  for (const image of images) notePart(context, image, options.platform !== undefined)
  await using remote = await openRegistry(options, context, noteWithoutBars(context, options))
  const source = sourceOf(store, images)
  const outcomes = await sendImages(context, { images, source, remote, moving: 'uploading' }, options)
  for (const [i, outcome] of outcomes.entries()) {
    const { destination, name } = images[i] ?? { destination: outcome.reference, name: '' }
    reportSent(context, outcome, { destination, verb: 'pushed', json: options.json })
    if (isFailedPrecondition(outcome.error))
      note(context, `dist verify ${name} checks whether the content in the store is damaged`)
  }
  if (outcomes.some(({ error }) => isCanceled(error))) noteInterrupted(context)
  return exitCodeOfAll(outcomes, context.signal)
}

async function requestsOf(
  context: Context,
  texts: readonly string[],
  { to, file }: PushOptions,
): Promise<PushRequest[]> {
  if (texts.length === 0 && file === undefined)
    throw new DistError('INVALID_ARGUMENT', 'no image: give an image, or a file of images with -f')
  if (to !== undefined) return requestsBelow(to, await readNames(context, texts, file))
  if (file !== undefined) return requestsByName(await readNames(context, texts, file), texts)
  const [text = '', remote, ...others] = texts
  if (others.length > 0)
    throw new DistError(
      'INVALID_ARGUMENT',
      'one image has one destination; to push several images give --to registry/prefix',
    )
  return [remote === undefined ? { text } : { text, destination: parseReference(remote) }]
}

function requestsBelow(to: string, texts: readonly string[]): PushRequest[] {
  const prefix = parsePrefix(to)
  const wanted = new Map(texts.map((text) => [formatReference(parseReference(text)), text]))
  const references = [...wanted.keys()].map((name) => parseReference(name))
  checkDestinations(references, to)
  return references.map((reference) => ({
    text: wanted.get(formatReference(reference)) ?? '',
    destination: destinationOf(reference, prefix),
  }))
}

/** Each image is pushed to its name. Arguments are refused: one could be an image or a destination. */
function requestsByName(names: readonly string[], args: readonly string[]): PushRequest[] {
  if (args.length > 0)
    throw new DistError(
      'INVALID_ARGUMENT',
      'arguments beside -f need --to: without --to each image goes to the registry of its name',
    )
  return [...new Set(names)].map((text) => ({ text }))
}

/** Nothing is sent unless the store has all images. */
async function pushedImages(
  requests: readonly PushRequest[],
  store: Store,
  options: PushOptions,
  context: Context,
): Promise<Pushed[]> {
  await findImages(
    requests.map(({ text }) => text),
    store.names,
  )
  const images: Pushed[] = []
  const look = (request: PushRequest) => pushedImage(request, store, options, context)
  for await (const image of mapAhead(requests, lookedUpTogether, look)) images.push(image)
  return images
}

async function pushedImage(
  { text, destination: wanted }: PushRequest,
  { content, names }: Store,
  { platform }: PushOptions,
  { signal }: Context,
): Promise<Pushed> {
  const image = await findImage(text, names)
  const destination = wanted ?? parseReference(image.name)
  const part = await partOf(image, content, platform, signal)
  checkDigest(part.root, destination)
  const { platforms } = part
  return {
    name: shownName(image.name),
    // Its source: blobs can be mounted from another repository of the same registry.
    reference: referenceIn(image.name) ?? destination,
    destination,
    platforms,
    part,
  }
}

function referenceIn(name: string): Reference | undefined {
  try {
    return parseReference(name)
  } catch {
    return undefined
  }
}

/** The store as the source of these images. */
function sourceOf({ content, names }: Store, images: readonly Pushed[]): Source {
  const roots = new Map<string, Descriptor>(
    images.map(({ reference, part }) => [formatReference(reference), part.root]),
  )
  return {
    ...storeSource(content, names),
    resolve: async (name) => {
      const desc = roots.get(formatReference(name))
      if (desc === undefined) throw new DistError('INTERNAL', `${formatReference(name)} was not looked up`)
      return { name, desc }
    },
  }
}

function notePart(context: Context, { name, part }: Pushed, asked: boolean): void {
  const { root, only, index } = part
  if (only === undefined) return
  note(context, `${name}: only the manifest of ${only} is pushed, ${root.digest}, without its index ${index}`)
  if (asked) return
  const advice = `dist pull --all-platforms ${name}, then dist push, pushes the whole index`
  note(context, `the store has no other platform of it; ${advice}`)
}
