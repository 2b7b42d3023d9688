import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { hostPlatform, isIndexType, mediaTypes, platformMatches } from '@dist/oci'
import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import { runDist } from './command.js'
import { type Sample, sampleImages } from './images.js'
import { checkFetchedOnce, checkNothingFetched } from './requests.js'
import { check, mebibytes, note, plural, step, table } from './screen.js'
import { type Source, startSource } from './source.js'
import type { Stage } from './stage.js'
import { rehash } from './verify-folder.js'

interface Scene {
  readonly samples: readonly Sample[]
  readonly source: Source
  readonly store: string
  readonly signal: AbortSignal
}

/** Pulls images into a folder, without any server but the registry; resolves to whether everything held. */
export async function playEmbedded(stage: Stage): Promise<boolean> {
  step('A registry to pull from')
  const { samples, origin } = sampleImages()
  const source = await startSource(samples, stage.signal)
  stage.onEnd(() => source.stop())
  stage.signal.throwIfAborted()
  showSource(samples, source, origin)
  const held = await play({ samples, source, store: join(stage.folder, 'store'), signal: stage.signal })
  showWhatNext(held)
  return held
}

async function play(scene: Scene): Promise<boolean> {
  const { signal, store } = scene
  const options = { signal, env: { DIST_STORE: store } }
  const references = scene.samples.map(({ name }) => `${scene.source.host}/${name}`)
  step('Pull everything into an empty store')
  await runDist(['pull', ...references], options)
  const first = await scene.source.takeRequests()
  const fetched = checkFetchedOnce(first)
  step('What the store contains now')
  await runDist(['images'], options)
  step('Pull again: nothing has changed, so nothing is fetched')
  await runDist(['pull', ...references], { ...options, shown: ['pull', references[0] ?? '', '...'] })
  const unchanged = checkNothingFetched(await scene.source.takeRequests(), references.length)
  step('Look for ourselves')
  const stored = await checkStore(scene)
  const readable = checkWithSkopeo(scene)
  return fetched && unchanged && stored && readable
}

function showSource(samples: readonly Sample[], source: Source, origin: string): void {
  note(`${source.name} on ${source.host}, private to this demo`)
  note(`${plural(samples.length, 'image')} made from ${origin} and seeded random bytes:`)
  note()
  const sizes = samples.map(({ image }) => totalSize(allContent(image)))
  table([
    ['IMAGE', 'SIZE'.padStart(9), 'WHAT'],
    ...samples.map(({ name, what }, i) => [name, mebibytes(sizes[i] ?? 0).padStart(9), what]),
  ])
}

async function checkStore({ samples, store }: Scene): Promise<boolean> {
  const { names, bytes, wrong } = await rehash(store)
  const expected = new Set(samples.flatMap(({ image }) => allContent(forThisMachine(image))).map(digestOf))
  const missing = [...expected].filter((digest) => !names.has(digest))
  const hashed = check(
    wrong.length === 0,
    `${plural(names.size, 'file')} under blobs/ (${mebibytes(bytes)}) hashed again with node:crypto: ${
      wrong.length === 0 ? 'each is what its name says' : `wrong are ${wrong.join(', ')}`
    }`,
  )
  const complete = check(
    missing.length === 0,
    `${expected.size - missing.length} of ${expected.size} objects of the images for this machine are there`,
  )
  return hashed && complete
}

// What skopeo's `oci:` does not read are manifests of Docker's types.
function checkWithSkopeo({ samples, source, store }: Scene): boolean {
  const readable = samples.filter(({ image }) => image.descriptor.mediaType !== mediaTypes.dockerManifest)
  try {
    for (const { name } of readable) {
      execFileSync('skopeo', ['inspect', `oci:${store}:${source.host}/${name}`], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') return check(false, `skopeo does not read the store: ${message}`)
    note('    skopeo is not installed, else it would read the store here')
    return true
  }
  return check(true, `the store is an OCI image layout: skopeo inspects ${readable.length} images in it`)
}

/** The image as a pull without `--platform` takes it. */
function forThisMachine(image: FixtureImage): FixtureImage {
  if (!isIndexType(image.descriptor.mediaType)) return image
  const host = hostPlatform()
  const fits = ({ descriptor: { platform } }: FixtureImage) =>
    platform !== undefined && platformMatches(host, platform)
  return { ...image, children: image.children.filter(fits) }
}

function showWhatNext(held: boolean): void {
  step(held ? 'All of it held. Now with a registry of yours' : 'Something did not hold, see above')
  for (const line of [
    '$ npx dist pull docker.io/library/alpine:3.20        # into ~/.local/share/dist',
    '$ npx dist images',
    '$ npx dist inspect docker.io/library/alpine:3.20     # the tree of manifests and layers',
    '$ npx dist bundle docker.io/library/alpine:3.20 ./alpine -- cat /etc/os-release && runc run --bundle ./alpine a',
    '$ npx dist export docker.io/library/alpine:3.20 | npx dist import --store ./elsewhere',
    '$ npx dist pull --help                               # platforms, credentials, mirrors',
    '$ npm test                                           # the promises, each with its test',
  ]) {
    note(line)
  }
}

const digestOf = ({ descriptor }: { descriptor: { digest: string } }) => descriptor.digest

function totalSize(contents: ReturnType<typeof allContent>): number {
  return contents.reduce((sum, { descriptor }) => sum + descriptor.size, 0)
}
