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

/** Pushes images into registries. */
export interface Pushes {
  /** A target below a prefix: every image keeps its path there. */
  target(prefix: Locator): TargetOf
  /** A target with a destination for each image. */
  targetAt(
    destination: RegistryTargetOptions['destination'],
    options?: { check?: boolean | undefined },
  ): TargetOf
  /** Asks the repository of the task whether it has the blob. */
  isPresent(task: PushTask, options: IngestOptions): Promise<boolean>
  /** Whether the repository is known to have the blob: it was seen or pushed there. Sends no request. */
  isKnown(task: PushTask): boolean
  /** Pushes the blob. `present` when the registry mounts it from another repository. */
  transfer(task: PushTask, options: IngestOptions): Promise<Outcome>
}

export interface PushesOptions {
  /** Source of the bytes. Default: the registry of the task. */
  fetcher?: ((source: Locator) => Fetcher) | undefined
}

/** The part of the client for registries that pushes use. */
export interface PushRemote extends PusherSource, ReferrersSource {
  fetcher(locator: Locator): Fetcher
}

/** Opens pushes with a client for registries. */
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
