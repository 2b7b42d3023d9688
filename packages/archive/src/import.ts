import type { Image } from '@dist/content'
import { hasCode, throwIfAborted } from '@dist/errdefs'
import { type Descriptor, malformed, type Platform } from '@dist/oci'
import { byDigest } from './collect.js'
import { type Contents, takeContents } from './contents.js'
import { Intake, type IntakeOptions } from './intake.js'
import { type GivenName, type NamedRoot, nameRoots } from './naming.js'
import { renamedRoot } from './platform.js'
import { type Checked, checkRoot, publishImages } from './publish.js'
import { reconciledRoots } from './reconcile.js'
import { layoutRoots, type Root } from './roots.js'
import { discard, type ImportStore, withRollback } from './undo.js'
import { DockerImages } from './unpack-docker.js'

export interface ImportOptions extends IntakeOptions {
  /** What the images are called where the archive does not say it. */
  name?: GivenName | undefined
  /** Take of each index only this platform's manifest, as the image itself. Default: all that came of it. */
  platform?: Platform | undefined
}

export interface ImportOutcome {
  /** As they are published now. */
  readonly images: readonly Image[]
  /** Images that nobody gave a name: they were left out. */
  readonly nameless: readonly Descriptor[]
  /** Foreign layers that the archive does not hold. */
  readonly foreign: readonly Descriptor[]
  /** Objects of these images, and how many of them were not there before. */
  readonly objects: number
  readonly added: number
  /** Files of the archive that none of these images needs; absent where there are none. */
  readonly leftOut?: { readonly files: number; readonly bytes: number } | undefined
}

/**
 * Brings the images of an archive into a store: of an OCI layout in a tar, or as `docker save` and skopeo's
 * `docker-archive:` write it, plain, gzip or zstd. Where both are in one archive, the OCI index counts, unless it is wrong and
 * docker's list is right. It is read as a
 * stream, and verified: what an image needs has to be in the archive, or in the store already. Nothing is published
 * before all of it has been; when anything fails, what was not there before is deleted again.
 *
 * Throws `MALFORMED` for an archive that cannot be right or lacks something, `FAILED_PRECONDITION` for content that is
 * not what its name says, `INVALID_ARGUMENT` where a name has to be given, `NOT_FOUND` for a platform that is not
 * there.
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
      images: await publishImages(images, store.names),
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
    throw malformed('the archive', 'holds neither index.json nor manifest.json: it is no archive of images')
  const listed = docker === undefined ? undefined : new DockerImages(docker, contents, intake, content)
  const layout = index === undefined ? [] : layoutRootsBeside(index, listed)
  const roots =
    listed === undefined || layout.length === 0
      ? ((await listed?.roots()) ?? layout)
      : await reconciledRoots(layout, listed, contents, content)
  if (roots.length === 0) throw malformed('the archive', 'lists no image')
  return roots
}

/** The images of the layout: none where its index is no index, and docker's list tells the images. */
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
    checked.push(await checkRoot(await renamedRoot(root, platform, content), held, content, signal))
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

/** Deletes what came with the archive and is none of these objects; resolves to how many of them are new. */
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
