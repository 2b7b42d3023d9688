import type { Image } from '@dist/content'
import { hasCode, throwIfAborted } from '@dist/errdefs'
import { type Descriptor, malformed, type Platform } from '@dist/oci'
import { byDigest } from './collect.js'
import { type Contents, takeContents } from './contents.js'
import { Intake, type IntakeOptions } from './intake.js'
import { type GivenName, type NamedRoot, nameRoots } from './naming.js'
import { selectPlatform } from './platform.js'
import { type Checked, checkRoot, publishImages } from './publish.js'
import { reconciledRoots } from './reconcile.js'
import { discard, type ImportStore, withRollback } from './rollback.js'
import { layoutRoots, type Root } from './roots.js'
import { DockerImages } from './unpack-docker.js'

export interface ImportOptions extends IntakeOptions {
  /** The name of images to which the archive gives no complete name. */
  name?: GivenName | undefined
  /** Import only the manifest of this platform, as the image itself. Default: all that the archive has of it. */
  platform?: Platform | undefined
}

export interface ImportOutcome {
  /** The images as they are published. */
  readonly images: readonly Image[]
  /** Images without a name: they were left out. */
  readonly nameless: readonly Descriptor[]
  /** Foreign layers that the archive does not have. */
  readonly foreign: readonly Descriptor[]
  /** Number of objects of these images, and how many of them are new in the store. */
  readonly objects: number
  readonly added: number
  /** Files of the archive that none of these images needs; undefined if there are none. */
  readonly leftOut?: { readonly files: number; readonly bytes: number } | undefined
}

/**
 * Imports the images of an archive into a store: an OCI image layout in a tar, or a docker archive as written by `docker save`
 * and by skopeo (`docker-archive:`); plain, gzip or zstd. If an archive is both, its OCI index is used, unless that is wrong
 * and the docker list is right. The archive is read as a stream and verified. The content of an image has to be in the
 * archive or in the store. Images are published after all content is complete. After a failure, new content is deleted.
 *
 * Throws `MALFORMED` for an invalid or incomplete archive, `FAILED_PRECONDITION` for content that does not match its digest,
 * `INVALID_ARGUMENT` if a name has to be given, `NOT_FOUND` for a platform that no image has.
 */
export async function importArchive(
  source: AsyncIterable<Uint8Array>,
  store: ImportStore,
  options: ImportOptions = {},
): Promise<ImportOutcome> {
  const intake = new Intake(store.content, options)
  try {
    const contents = await takeContents(source, intake, options.signal)
    const roots = await rootsOf(contents, intake, store)
    const { named, nameless } = nameRoots(roots, options.name)
    const checked = await checkRoots(named, contents, store, options)
    const objects = byDigest(checked.flatMap((each) => each.objects))
    const added = await discardOthers(objects, intake, store)
    throwIfAborted(options.signal)
    const images = checked.flatMap((each) => each.images)
    return {
      images: await publishImages(images, objects, store),
      nameless: nameless.map(({ desc }) => desc),
      foreign: byDigest(checked.flatMap((each) => each.foreign)),
      objects: objects.length,
      added,
      ...leftOut(objects, contents),
    }
  } catch (error) {
    throw await withRollback(error, await intake.ended(), store)
  }
}

async function rootsOf(contents: Contents, intake: Intake, { content }: ImportStore): Promise<Root[]> {
  const { index, docker } = contents
  if (index === undefined && docker === undefined)
    throw malformed('the archive', 'has neither index.json nor manifest.json: it contains no images')
  const listed = docker === undefined ? undefined : new DockerImages(docker, contents, intake, content)
  const layout = index === undefined ? [] : layoutRootsBeside(index, listed)
  const roots =
    listed === undefined || layout.length === 0
      ? ((await listed?.roots()) ?? layout)
      : await reconciledRoots(layout, listed, contents, content)
  if (roots.length === 0) throw malformed('the archive', 'lists no image')
  return roots
}

/** The images of the layout. None if its index is invalid and the docker list names images. */
function layoutRootsBeside(index: Uint8Array, listed: DockerImages | undefined): Root[] {
  try {
    return layoutRoots(index)
  } catch (error) {
    if (listed !== undefined && listed.listed.length > 0 && hasCode(error, 'MALFORMED')) return []
    throw error
  }
}

async function checkRoots(
  named: readonly NamedRoot[],
  { files }: Contents,
  { content }: ImportStore,
  { platform, signal }: ImportOptions,
): Promise<Checked[]> {
  const held = new Set([...files.values()].map(({ digest }) => digest))
  const checked: Checked[] = []
  for (const root of named)
    checked.push(await checkRoot(await selectPlatform(root, platform, content), held, content, signal))
  return checked
}

function leftOut(objects: readonly Descriptor[], { files }: Contents): Pick<ImportOutcome, 'leftOut'> {
  const needed = new Set(objects.map(({ digest }) => digest))
  const others = new Map(
    [...files.values()].filter(({ digest }) => !needed.has(digest)).map((file) => [file.digest, file.size]),
  )
  if (others.size === 0) return {}
  return { leftOut: { files: others.size, bytes: [...others.values()].reduce((a, b) => a + b, 0) } }
}

/** Deletes new content that is none of these objects; resolves to the number of objects that are new. */
async function discardOthers(
  objects: readonly Descriptor[],
  intake: Intake,
  store: ImportStore,
): Promise<number> {
  const needed = new Set(objects.map(({ digest }) => digest))
  const others = [...intake.committed].filter((digest) => !needed.has(digest))
  await discard(new Set(others), store)
  return intake.committed.size - others.length
}
