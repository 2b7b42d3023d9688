import { createStore, type Image, MemoryDriver, MemoryNames } from '@dist/content'
import { DistError, isNotFound } from '@dist/errdefs'
import { neededBy } from '@dist/images'
import { MemoryLocker } from '@dist/locks'
import {
  collectGarbage,
  ingestBlob,
  mirrorImages,
  storeSource,
  storeTarget,
  TransferBudget,
  transferBlob,
} from '@dist/mirror'
import { parseReference } from '@dist/reference'
import { createHostLimiter } from '@dist/remotes'
import { allContent, imageIndex, ociImage, smallLayer } from '@dist/testkit/fixtures'
import { startScriptedS3 } from '@dist/testkit/servers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  bucketWorld,
  folderWorld,
  type ModelStore,
  type ModelWorld,
  memoryWorld,
  type Wrap,
} from '../support/garbage-stores.js'
import { forFile } from '../support/servers.js'

// Images that share layers: each pair has a layer of its own and one of its neighbor.
const layers = ['a', 'b', 'c', 'd'].map(smallLayer)
const images = layers.map((layer, i) => ociImage({ layers: [layer, layers[(i + 1) % 4] ?? layer] }))
const [first, second] = images
const versions = [...images, imageIndex([first, second].filter((each) => each !== undefined))]
const tags = versions.map((_, i) => `registry.test/app:${i}`)

/** The registry of the model: a store with all images. */
async function registry() {
  const [content, names] = [createStore(new MemoryDriver()), new MemoryNames()]
  for (const [i, image] of versions.entries()) {
    for (const blob of allContent(image)) {
      const { digest, size } = blob.descriptor
      const writer = await content.writer(digest, { digest, size }).catch(() => undefined)
      for (const chunk of blob.open()) await writer?.write(new Uint8Array(chunk))
      await writer?.commit()
    }
    await names.put({ name: tags[i] ?? '', desc: image.descriptor, selection: 'all' })
  }
  return storeSource(content, names)
}

const source = await registry()

/** What a process does. `dies`: it is killed at its nth call to the store. `rests`: it rests before that call, and others go on. */
interface Step {
  readonly does: 'pull' | 'remove' | 'collect'
  readonly which: number
  readonly dies: number | undefined
  readonly rests: number
}

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom('pull', 'pull', 'pull', 'remove', 'collect', 'collect'),
  which: fc.nat(versions.length - 1),
  dies: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 3 }),
  rests: fc.integer({ min: 1, max: 24 }),
})

/** Steps that run at the same time, one such group after the other. */
const history = fc.array(fc.array(step, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 2 })

/** Calls that never fail, or consist of others. */
const unordered: readonly (string | symbol)[] = ['guard', 'recall', 'noteStored']

class Killed extends Error {}

/** Turns of others while a process rests. */
const restTurns = 60

/** Orders the calls of a process to the store, and ends it at its nth call. */
function wrapFor(scheduler: fc.Scheduler, { dies, rests }: Step, kill: () => void): Wrap {
  let calls = 0
  let isDead = false
  const turn = async () => {
    const call = ++calls
    for (let turns = call === rests ? restTurns : 1; turns > 0; turns--)
      await scheduler.schedule(Promise.resolve())
    if (call === dies) {
      isDead = true
      kill()
    }
    // A killed process does nothing more, and nobody waits for it.
    if (isDead) throw new Killed()
  }
  return <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key)
        if (typeof member !== 'function') return member
        if (key === 'walk' || key === 'list' || key === 'statuses' || key === 'others')
          return async function* (...args: unknown[]) {
            await turn()
            yield* member.apply(target, args)
          }
        if (unordered.includes(key)) return member.bind(target)
        return async (...args: unknown[]) => {
          await turn()
          return member.apply(target, args)
        }
      },
    })
}

async function pull({ content, names }: ModelStore, which: number): Promise<void> {
  const hosts = createHostLimiter()
  const budget = new TransferBudget({ bytes: 1024 * 1024, transfers: 4 })
  const reference = parseReference(tags[which] ?? '')
  const dependencies = {
    locker: new MemoryLocker(),
    budget,
    isPresent: async () => false,
    transfer: (task: Parameters<typeof ingestBlob>[0], options: object) =>
      transferBlob(task.desc, { fetcher: source.fetcher(reference), ingester: content }, options),
  }
  const ingest = (task: Parameters<typeof ingestBlob>[0], options: object) =>
    ingestBlob(task, dependencies, options)
  const target = storeTarget(content, names)
  const retries = { firstDelay: 1, longestDelay: 2 }
  for await (const { error } of mirrorImages(
    [reference],
    { source, target, ingest, hosts },
    { platforms: 'all', retries },
  ))
    if (error !== undefined) throw error
}

async function run(store: ModelStore, { does, which }: Step): Promise<void> {
  if (does === 'pull') return await pull(store, which)
  if (does === 'collect') return void (await collectGarbage(store, { grace: 0 }))
  await store.names.delete(tags[which] ?? '').catch((error: unknown) => {
    if (!isNotFound(error)) throw error
  })
}

/** The content that a published image lacks. */
async function lacking({ plain, has }: ModelWorld): Promise<string[]> {
  const lacks: string[] = []
  for await (const image of plain.names.list())
    for (const { digest } of await neededBy(image, plain.content))
      if (!(await has(digest))) lacks.push(`${image.name} lacks ${digest}`)
  return lacks
}

/** Published names when the deletion of content is not under way. */
async function checkWhole(world: ModelWorld): Promise<void> {
  expect(await lacking(world)).toEqual([])
}

async function play(
  world: ModelWorld,
  groups: readonly (readonly Step[])[],
  scheduler: fc.Scheduler,
): Promise<void> {
  const dead = new Set<string>()
  let processes = 0
  const timing = {
    renewal: 2,
    poll: 1,
    memory: 0,
    lastRequests: 0,
    isDead: (owner: string) => dead.has(owner),
  }
  const live = async (each: Step) => {
    const owner = `process${++processes}`
    const store = await world.open(
      { ...timing, owner },
      wrapFor(scheduler, each, () => dead.add(owner)),
    )
    try {
      await run(store, each)
    } catch (error) {
      const isKilled = dead.has(owner)
      // A process that meets the remains of a deletion again and again gives up; nothing is published then.
      if (!isKilled && !(error instanceof DistError && error.retryable)) throw error
    } finally {
      if (!dead.has(owner)) await store.close()
      else void store.close().catch(() => {})
    }
  }
  // What pulls find is garbage at first: the content of names that were removed.
  const past = await world.open({ ...timing, owner: 'past' }, (part) => part)
  for (const which of versions.keys()) await run(past, { does: 'pull', which, dies: undefined, rests: 0 })
  for (const which of versions.keys()) await run(past, { does: 'remove', which, dies: undefined, rests: 0 })
  await past.close()
  for (const group of groups) {
    await scheduler.waitFor(Promise.all(group.map(live)))
    await checkWhole(world)
  }
  const last = await world.open({ ...timing, owner: 'last' }, (part) => part)
  await collectGarbage(last, { grace: 0 })
  await last.close()
  await checkWhole(world)
  await checkClean(world)
}

/** Nothing is left that no name needs. */
async function checkClean({ plain }: ModelWorld): Promise<void> {
  const needed = new Set<string>()
  const published: Image[] = []
  for await (const image of plain.names.list()) published.push(image)
  for (const image of published)
    for (const { digest } of await neededBy(image, plain.content)) needed.add(digest)
  const left: string[] = []
  for await (const { digest } of plain.content.walk()) if (!needed.has(digest)) left.push(digest)
  expect(left).toEqual([])
}

const server = await forFile(startScriptedS3())

// S18
it.each<[string, () => Promise<ModelWorld>, number, number]>([
  ['in memory', memoryWorld, 300, 5_000],
  ['in a folder', folderWorld, 60, 5_000],
  ['in a bucket', () => bucketWorld(server), 20, 9_000],
])(
  '%s, pulls, removals and collections in any order, killed at any call, leave every name whole and no garbage',
  async (_, open, numRuns, interruptAfterTimeLimit) => {
    const property = fc.asyncProperty(fc.scheduler(), history, async (scheduler, groups) => {
      await using world = await open()
      await play(world, groups, scheduler)
    })
    await fc.assert(property, { numRuns, interruptAfterTimeLimit })
  },
)
