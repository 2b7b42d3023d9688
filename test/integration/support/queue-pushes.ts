import { has } from '@dist/content'
import {
  type BlobTask,
  destinationOf,
  MountSources,
  type PushTask,
  pushBlob,
  registryTarget,
} from '@dist/mirror'
import type { CoordinatorParts, WorkerParts } from '@dist/queue'
import { imageOf } from '../../../packages/mirror/test/support/images.js'
import { PushedRegistry } from '../../../packages/mirror/test/support/registry.js'
import type { QueueWorld } from './queue-world.js'

/** The parts of a coordinator that pushes images to a registry. */
export function coordinatingTo(
  registry: PushedRegistry,
  world: QueueWorld,
): Pick<CoordinatorParts, 'target'> {
  return {
    target: (reference, to) => {
      if (to === undefined) return world.target(reference)
      return registryTarget(registry, { destination: (each) => destinationOf(each, to) })(reference)
    },
  }
}

/** What a worker needs to send blobs to a registry. It does not know what other workers have sent. */
function workingTo(registry: PushedRegistry, world: QueueWorld): Pick<WorkerParts, 'isPresent' | 'transfer'> {
  const mountSources = new MountSources()
  return {
    isPresent: async (task, options) =>
      task.to === undefined
        ? has(world.content, task.desc)
        : registry.pusher(task.to).has(task.desc, options),
    transfer: (task, options) => {
      if (!isPush(task)) return world.transfer(task, options)
      const parts = { fetcher: world.remote.fetcher(), pusher: registry.pusher(task.to), mountSources }
      return pushBlob(task, parts, options)
    },
  }
}

function isPush(task: BlobTask): task is PushTask {
  return task.to !== undefined
}

/** The destination of the images of a run. */
export const to = 'registry.example.com/mirror'

/** Runs of a world from `quay.io` to a registry in memory. */
export class PushWorld {
  readonly registry = new PushedRegistry()

  constructor(readonly world: QueueWorld) {}

  coordinator(parts: Partial<CoordinatorParts> = {}) {
    return this.world.coordinator({ ...coordinatingTo(this.registry, this.world), ...parts })
  }

  worker(parts: Partial<WorkerParts> = {}) {
    return this.world.worker({ ...workingTo(this.registry, this.world), ...parts })
  }

  async submit(...references: string[]) {
    const runs = this.world.runs()
    return { runs, run: await runs.submit({ references, platforms: 'all', to }) }
  }

  /** Pushes images `quay.io/team/<n>:1` with these layers to the source. */
  source(...layers: string[][]) {
    const images = layers.map((seeds) => imageOf(seeds))
    const references = images.map((_, i) => `quay.io/team/${i}:1`)
    for (const [i, image] of images.entries()) this.world.remote.push(image, references[i] ?? '')
    return { images, references }
  }
}
