import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { allContent } from '@dist/testkit/fixtures'
import type { Gateway } from '@dist/testkit/servers'
import { runDist } from './command.js'
import { fleet, type Squad } from './fleet.js'
import type { Sample } from './images.js'
import { type Infrastructure, started } from './infrastructure.js'
import { checkFetchedOnce, checkNothingFetched } from './requests.js'
import { check, mebibytes, note, plural, step, table } from './screen.js'
import { type StartedService, startService } from './services.js'
import { type Source, startSource } from './source.js'
import type { Stage } from './stage.js'
import { rehashBucket } from './verify-bucket.js'

interface Scene extends Stage {
  readonly samples: readonly Sample[]
  readonly source: Source
  readonly gateway: Gateway
  readonly workers: readonly StartedService[]
  /** The settings of the programs: the queue, the store, the keys. */
  readonly env: Readonly<Record<string, string>>
}

const prefix = 'images'

/** Mirrors 40 images the distributed way; resolves to whether everything held. */
export async function playDistributed(stage: Stage, infrastructure: Infrastructure): Promise<boolean> {
  const scene = await setUp(stage, infrastructure)
  const first = await mirrorOnce(scene)
  const stored = await checkBucket(scene)
  const second = await mirrorAgain(scene)
  await lookAtRuns(scene)
  const held = first && stored && second
  showWhatNext(held)
  return held
}

async function setUp(stage: Stage, { redis, gateway }: Infrastructure): Promise<Scene> {
  const squads = fleet()
  const samples = squads.flatMap((squad) => squad.samples)
  const source = await startSource(samples, stage.signal)
  stage.onEnd(() => source.stop())
  started(source.name, source.host, `a registry with ${plural(samples.length, 'image')}`)
  const env = environment(redis.url, gateway)
  const workers = await startServices(stage, env)
  showImages(squads)
  return { ...stage, samples, source, gateway, workers, env }
}

/** The environment with which the programs of dist use these servers. */
export function environment(queue: string, gateway: Gateway): Record<string, string> {
  return {
    DIST_QUEUE: queue,
    DIST_STORE: gateway.url(prefix),
    ...gateway.env,
  }
}

async function startServices(stage: Stage, env: Record<string, string>): Promise<StartedService[]> {
  stage.signal.throwIfAborted()
  const names = ['coordinator', 'w1', 'w2']
  const starting = names.map((name) =>
    startService(name === 'coordinator' ? name : 'worker', stage, { name, env }),
  )
  // The stage has to know all of them before the failure of one ends it.
  await Promise.allSettled(starting)
  const [coordinator, ...workers] = await Promise.all(starting)
  started('dist coordinator', `process ${coordinator?.pid}`, 'plans images, publishes their names')
  for (const [i, { pid }] of workers.entries())
    started('dist worker', `process ${pid}`, `w${i + 1}: fetches blobs, verifies and stores them`)
  return workers
}

function showImages(squads: readonly Squad[]): void {
  const samples = squads.flatMap((squad) => squad.samples)
  const all = samples.map(({ image }) => allContent(image))
  const distinct = new Map(all.flat().map(({ descriptor }) => [descriptor.digest, descriptor.size]))
  note()
  table([
    ['IMAGES', 'NAMES'.padEnd(14), 'WHAT'],
    ...squads.map(({ names, what, samples: { length } }) => [String(length).padStart(6), names, what]),
  ])
  note()
  const apart = sum(all.flat().map(({ descriptor }) => descriptor.size))
  note(
    `Copied one by one they are ${mebibytes(apart)}. What differs: ${plural(distinct.size, 'object')}, ${mebibytes(sum([...distinct.values()]))}.`,
  )
}

async function mirrorOnce(scene: Scene): Promise<boolean> {
  step('Mirror all of them')
  const { samples, source, workers } = scene
  await writeReferences(scene, samples, source)
  await mirror(scene, 3)
  const blobs = new Set(
    samples
      .flatMap(({ image }) => allContent(image))
      .filter(isBlob)
      .map(digestOf),
  )
  const held = checkFetchedOnce(await source.takeRequests(), blobs)
  note(`    by worker: ${(await Promise.all(workers.map(shareOf))).join('; ')}`)
  return held
}

/** Writes the file with the references of all images, one a line; resolves to where it is. */
export async function writeReferences(
  { folder }: Stage,
  samples: readonly Sample[],
  source: Source,
): Promise<string> {
  const file = join(folder, 'refs.txt')
  await writeFile(file, samples.map(({ name }) => `${source.host}/${name}\n`).join(''))
  return file
}

async function shareOf(worker: StartedService, index: number): Promise<string> {
  const name = `w${index + 1}`
  try {
    const done = await worker.metric('dist_jobs_total{kind="blob",result="done"}')
    return `${name} ${plural(done, 'job')}, ${mebibytes(await worker.metric('dist_fetched_bytes_total'))}`
  } catch {
    // The user may have killed it: the others do its work.
    return `${name} has ended, what it had begun may have been sent twice`
  }
}

async function checkBucket({ gateway, samples, source, signal }: Scene): Promise<boolean> {
  step('Look into the bucket')
  const { names, bytes, wrong, published } = await rehashBucket(gateway, prefix, signal)
  const expected = new Set(samples.flatMap(({ image }) => allContent(image)).map(digestOf))
  const there = [...expected].filter((digest) => names.has(digest)).length
  const right = samples.filter(
    ({ name, image }) => published.get(`${source.host}/${name}`) === image.descriptor.digest,
  ).length
  return [
    check(
      wrong.length === 0,
      `${plural(names.size, 'object')} (${mebibytes(bytes)}) read over S3 and hashed again: ${
        wrong.length === 0 ? 'each is what its key says' : `wrong are ${wrong.join(', ')}`
      }`,
    ),
    check(
      there === expected.size && names.size === there,
      `${there} of ${expected.size} objects of the images are there, and ${names.size - there} others`,
    ),
    check(
      right === samples.length,
      `${right} of ${samples.length} names are published, with the digests that were pushed`,
    ),
  ].every(Boolean)
}

async function mirrorAgain(scene: Scene): Promise<boolean> {
  step('Once more: nothing has changed, so nothing is fetched')
  await mirror(scene, 1)
  return checkNothingFetched(await scene.source.takeRequests(), scene.samples.length)
}

async function mirror({ env, folder, signal }: Scene, lines: number): Promise<void> {
  const { DIST_QUEUE: queue = '', ...keys } = env
  await runDist(['mirror', '--queue', queue, '-f', 'refs.txt'], { signal, env: keys, cwd: folder, lines })
}

async function lookAtRuns({ env, signal }: Scene): Promise<void> {
  step('What the queue remembers')
  const runs = await runDist(['runs'], { signal, env, lines: 10 })
  const [first = ''] = runs.at(-1)?.split(' ') ?? []
  console.log()
  await runDist(['status', first], { signal, env })
}

function showWhatNext(held: boolean): void {
  step(held ? 'All of it held. Now with servers of yours' : 'Something did not hold, see above')
  for (const line of [
    '$ npm run demo -- --servers             # these servers until Ctrl-C, for the programs by hand; or yours:',
    "$ export DIST_QUEUE=redis://127.0.0.1:6379 DIST_STORE='s3://mirror/images?endpoint=http://127.0.0.1:8333'",
    '$ npx dist coordinator                  # one or more, on any machine',
    '$ npx dist worker                       # as many as you like',
    '$ npx dist mirror alpine:3.20 redis:7   # or -f refs.txt',
    '$ npx dist mirror --to registry.example.com/mirror alpine:3.20     # to a registry in place of the store',
    '$ npx dist verify                       # what is stored, hashed again by the workers',
    '$ npx dist dashboard                    # http://127.0.0.1:8080, the queues as a page',
    '$ npm run demo -- --embedded            # the form that needs no servers',
  ]) {
    note(line)
  }
  note()
  note('README.md has it step by step, under "By hand, distributed".')
}

const digestOf = ({ descriptor }: { descriptor: { digest: string } }) => descriptor.digest

function isBlob({ descriptor }: { descriptor: { mediaType: string } }): boolean {
  return !/manifest|index/.test(descriptor.mediaType)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
