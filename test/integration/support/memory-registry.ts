import { type ContentStore, createStore, readContent } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { childrenHandler, skipDesc } from '@dist/images'
import {
  type BlobTask,
  destinationOf,
  Holdings,
  has,
  type IngestOptions,
  type PushTask,
  pushBlob,
  registryTarget,
  type Target,
} from '@dist/mirror'
import { type Descriptor, hasChildren, maxManifestSize } from '@dist/oci'
import type { CoordinatorParts, WorkerParts } from '@dist/queue'
import type { Locator } from '@dist/reference'
import type { Pusher, PusherSource, PutOptions } from '@dist/remotes'
import { type QueueWorld, SharedDriver } from './queue-world.js'

/** A repository in memory. As a registry's, it takes no manifest before what it names. */
class Repository implements Pusher {
  readonly content: ContentStore = createStore(new SharedDriver())
  readonly tags = new Map<string, Descriptor>()
  readonly manifests = new Map<string, Descriptor>()

  constructor(private readonly registry: MemoryRegistry) {}

  get ingester(): ContentStore {
    return this.content
  }

  async resolve(object: string): Promise<Descriptor | undefined> {
    return this.tags.get(object) ?? this.manifests.get(object)
  }

  async has(desc: Descriptor): Promise<boolean> {
    return has(this.content, desc)
  }

  async mount(desc: Descriptor, from: string): Promise<boolean> {
    const other = this.registry.repository(from)
    if (!(await other.has(desc))) return false
    await this.#take(desc, await readContent(other.content, desc, desc.size))
    this.registry.mounted.push(desc.digest)
    return true
  }

  async put(desc: Descriptor, content: Uint8Array, { tag }: PutOptions = {}): Promise<void> {
    await this.registry.beforePut(tag)
    await this.#take(desc, content)
    const children = await childrenHandler(this.content)(desc, {})
    for (const child of children === skipDesc ? [] : children) {
      if (hasChildren(child.mediaType) ? this.manifests.has(child.digest) : await this.has(child)) continue
      throw new DistError('NOT_FOUND', `the registry lacks ${child.digest}`)
    }
    this.manifests.set(desc.digest, desc)
    if (tag !== undefined) this.tags.set(tag, desc)
  }

  async #take(desc: Descriptor, content: Uint8Array): Promise<void> {
    if (await this.has(desc)) return
    await using writer = await this.content.writer(`taken-${desc.digest}`, desc)
    await writer.write(content)
    await writer.commit()
  }
}

/** Registries in memory that images are pushed to; every host is one and the same. */
export class MemoryRegistry implements PusherSource {
  readonly mounted: string[] = []
  /** Called before each manifest is taken, with its tag. */
  beforePut: (tag: string | undefined) => Promise<void> = async () => {}
  readonly #repositories = new Map<string, Repository>()

  repository(name: string): Repository {
    const found = this.#repositories.get(name) ?? new Repository(this)
    this.#repositories.set(name, found)
    return found
  }

  pusher({ repository }: Locator): Repository {
    return this.repository(repository)
  }

  /** The manifest that a tag means, proven to be whole. */
  async image(name: string, tag: string): Promise<Descriptor | undefined> {
    const repository = this.repository(name)
    const desc = repository.tags.get(tag)
    if (desc !== undefined) await readContent(repository.content, desc, maxManifestSize)
    return desc
  }

  /** What a coordinator needs to send images here. */
  coordinating(world: QueueWorld): Pick<CoordinatorParts, 'target'> {
    return {
      target: (reference, to): Target => {
        if (to === undefined) return world.target(reference)
        return registryTarget(this, { destination: (each) => destinationOf(each, to) })(reference)
      },
    }
  }

  /** What a worker needs to send blobs here; it knows nothing of what others have sent. */
  working(world: QueueWorld): Pick<WorkerParts, 'present' | 'transfer'> {
    const holdings = new Holdings()
    return {
      present: async (task: BlobTask) =>
        task.to === undefined ? has(world.content, task.desc) : this.pusher(task.to).has(task.desc),
      transfer: (task: BlobTask, options: IngestOptions) => {
        if (!isPush(task)) return world.transfer(task, options)
        const parts = {
          fetcher: world.remote.fetcher(),
          pusher: this.pusher(task.to),
          holdings,
        }
        return pushBlob(task, parts, options)
      },
    }
  }
}

function isPush(task: BlobTask): task is PushTask {
  return task.to !== undefined
}
