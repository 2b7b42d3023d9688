import { MemoryLocker } from '@dist/locks'
import {
  type BlobTask,
  destinationOf,
  type EngineOptions,
  type ImageOutcome,
  type IngestOptions,
  ingestBlob,
  MountSources,
  mirrorImages,
  type PushTask,
  pushBlob,
  type RegistryTargetOptions,
  registryTarget,
  type Source,
  TransferBudget,
} from '@dist/mirror'
import { type Descriptor, mediaTypes } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { createHostLimiter } from '@dist/remotes'
import { type FixtureImage, fixtureBlob } from '@dist/testkit/fixtures'
import { documentImage } from './images.js'
import { PushedRegistry } from './registry.js'
import { ScriptedRemote } from './remote.js'
import { inOrder, soon } from './world.js'

/** All images go below `mirror.test/m`. */
const prefix = { host: 'mirror.test', repository: 'm' }

export interface PushWorldOptions extends Partial<RegistryTargetOptions> {
  remote?: ScriptedRemote | undefined
  registry?: PushedRegistry | undefined
  /** Default: the remote. */
  source?: Source | undefined
}

/** A scripted remote, registries in memory, and functions that mirror from the remote to the registries. */
export function newPushWorld(options: PushWorldOptions = {}) {
  const remote = options.remote ?? new ScriptedRemote()
  const registry = options.registry ?? new PushedRegistry()
  const source = options.source ?? remote
  const mountSources = options.mountSources ?? new MountSources()
  const destination = options.destination ?? ((reference) => destinationOf(reference, prefix))
  const target = registryTarget(registry, { ...options, destination, mountSources })
  const push = (task: BlobTask | PushTask, ingestOptions?: IngestOptions) => {
    const { to = prefix } = task
    const parts = { fetcher: source.fetcher(task.source), pusher: registry.pusher(to), mountSources }
    return pushBlob({ ...task, to }, parts, ingestOptions)
  }
  const dependencies = {
    locker: new MemoryLocker(),
    isPresent: async ({ desc, to = prefix }: BlobTask) => mountSources.has(to, desc.digest),
    transfer: push,
    budget: new TransferBudget({ bytes: 1024 * 1024, transfers: 8 }),
  }
  const ingest = (task: BlobTask, ingestOptions?: IngestOptions) =>
    ingestBlob(task, dependencies, ingestOptions)
  return {
    remote,
    registry,
    mountSources,
    push,
    mirror: (texts: readonly string[], engineOptions: Partial<EngineOptions> = {}): Promise<ImageOutcome[]> =>
      inOrder(
        mirrorImages(
          texts.map((text) => parseReference(text)),
          { source, target, ingest, hosts: createHostLimiter() },
          { platforms: 'all', retries: soon, ...engineOptions },
        ),
      ),
  }
}

/** An artifact with a subject, for example a signature. */
export function artifactOf(subject: Descriptor, text: string): FixtureImage {
  const config = fixtureBlob('{}', mediaTypes.ociConfig)
  const layer = fixtureBlob(text, 'application/vnd.example.signature')
  const { mediaType, digest, size } = subject
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: 'application/vnd.example.signature',
    config: config.descriptor,
    layers: [layer.descriptor],
    subject: { mediaType, digest, size },
  }
  return documentImage(document, mediaTypes.ociManifest, [config, layer])
}
