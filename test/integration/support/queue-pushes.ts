import { has } from '@dist/content'
import { type BlobTask, destinationOf, Holdings, type PushTask, pushBlob, registryTarget } from '@dist/mirror'
import type { CoordinatorParts, WorkerParts } from '@dist/queue'
import type { PushedRegistry } from '../../../packages/mirror/test/support/registry.js'
import type { QueueWorld } from './queue-world.js'

/** What a coordinator needs to send images to a registry. */
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

/** What a worker needs to send blobs to a registry; it knows nothing of what others have sent. */
export function workingTo(
  registry: PushedRegistry,
  world: QueueWorld,
): Pick<WorkerParts, 'present' | 'transfer'> {
  const holdings = new Holdings()
  return {
    present: async (task, options) =>
      task.to === undefined
        ? has(world.content, task.desc)
        : registry.pusher(task.to).has(task.desc, options),
    transfer: (task, options) => {
      if (!isPush(task)) return world.transfer(task, options)
      const parts = { fetcher: world.remote.fetcher(), pusher: registry.pusher(task.to), holdings }
      return pushBlob(task, parts, options)
    },
  }
}

function isPush(task: BlobTask): task is PushTask {
  return task.to !== undefined
}
