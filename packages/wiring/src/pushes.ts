import {
  destinationOf,
  type IngestOptions,
  MountSources,
  type Outcome,
  type PushTask,
  pushBlob,
  type RegistryTargetOptions,
  registryTarget,
  type TargetOf,
} from '@dist/mirror'
import type { Locator } from '@dist/reference'
import type { Fetcher, PusherSource, ReferrersSource } from '@dist/remotes'

/** Brings images into registries. */
export interface Pushes {
  /** A registry below whose prefix every image keeps its own path. */
  target(prefix: Locator): TargetOf
  /** Registries, where the destination of each image is told. */
  targetAt(
    destination: RegistryTargetOptions['destination'],
    options?: { check?: boolean | undefined },
  ): TargetOf
  /** Whether the repository that the task names has the blob. */
  isPresent(task: PushTask, options: IngestOptions): Promise<boolean>
  /** Whether it is known to have it without being asked: it was met there, or brought there. */
  isKnown(task: PushTask): boolean
  /** Moves the bytes. `present` where the registry mounts the blob from another of its repositories. */
  transfer(task: PushTask, options: IngestOptions): Promise<Outcome>
}

export interface PushesOptions {
  /** Where the bytes come from. Default: the registry that the task names. */
  fetcher?: ((source: Locator) => Fetcher) | undefined
}

/** What pushing needs of the client for registries. */
export interface PushRemote extends PusherSource, ReferrersSource {
  fetcher(locator: Locator): Fetcher
}

/** Pushes through the client for registries. */
export function openPushes(
  remote: PushRemote,
  { fetcher = (source) => remote.fetcher(source) }: PushesOptions = {},
): Pushes {
  const mountSources = new MountSources()
  const targetAt: Pushes['targetAt'] = (destination, options = {}) =>
    registryTarget(remote, { ...options, destination, mountSources })
  return {
    targetAt,
    target: (prefix) => targetAt((reference) => destinationOf(reference, prefix)),
    isPresent: ({ desc, to }, options) => remote.pusher(to).has(desc, options),
    isKnown: ({ desc, to }) => mountSources.has(to, desc.digest),
    transfer: (task, options) =>
      pushBlob(
        task,
        { fetcher: fetcher(task.source), pusher: remote.pusher(task.to), mountSources },
        options,
      ),
  }
}
