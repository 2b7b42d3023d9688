import type { Image } from '@dist/content'
import { throwIfAborted } from '@dist/errdefs'
import { type Descriptor, type Digest, malformed, type Platform } from '@dist/oci'
import { type Contents, takeContents } from './contents.js'
import { Intake, type IntakeOptions } from './intake.js'
import { type GivenName, nameRoots } from './naming.js'
import { renamedRoot } from './platform.js'
import { type Checked, checkRoot, publishImages } from './publish.js'
import { layoutRoots, type Root } from './roots.js'
import { discard, type ImportStore, undone } from './undo.js'
import { dockerRoots } from './unpack-docker.js'

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
}

/**
 * Brings the images of an archive into a store: of an OCI layout in a tar, or as `docker save` and skopeo's
 * `docker-archive:` write it, plain, gzip or zstd. Where both are in one archive, the OCI index counts. It is read as a
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
    const held = heldBy(contents)
    const checked: Checked[] = []
    for (const root of named)
      checked.push(
        await checkRoot(
          await renamedRoot(root, options.platform, store.content),
          held,
          store.content,
          options.signal,
        ),
      )
    throwIfAborted(options.signal)
    const images = await publishImages(
      checked.flatMap((each) => each.images),
      store.names,
    )
    return { images, nameless: nameless.map(({ desc }) => desc), ...(await tidied(checked, intake, store)) }
  } catch (error) {
    throw await undone(error, await intake.ended(), store)
  }
}

async function rootsOf(contents: Contents, intake: Intake, { content }: ImportStore): Promise<Root[]> {
  const { index, docker } = contents
  if (index === undefined && docker === undefined)
    throw malformed('the archive', 'holds neither index.json nor manifest.json: it is no archive of images')
  const roots =
    index !== undefined
      ? layoutRoots(index)
      : await dockerRoots(docker ?? new Uint8Array(), contents, intake, content)
  if (roots.length === 0) throw malformed('the archive', 'lists no image')
  return roots
}

function heldBy({ files }: Contents): Set<Digest> {
  return new Set([...files.values()].map(({ digest }) => digest))
}

/** Deletes what came and no image needs, and counts the rest. */
async function tidied(checked: readonly Checked[], intake: Intake, store: ImportStore) {
  const needed = new Set(checked.flatMap(({ objects }) => objects.map(({ digest }) => digest)))
  const foreign = new Map(checked.flatMap((each) => each.foreign.map((desc) => [desc.digest, desc])))
  const added = [...intake.committed].filter((digest) => needed.has(digest)).length
  await discard(new Set([...intake.committed].filter((digest) => !needed.has(digest))), store)
  return { foreign: [...foreign.values()], objects: needed.size, added }
}
