import { type Registry, startRegistry } from '@dist/testkit/servers'
import { pushWorkload, repository, type Workload } from '../workloads.js'

/** A separate registry that holds the images of one workload. */
export interface Source extends AsyncDisposable {
  readonly references: readonly string[]
  /** The size of all content by digest. */
  readonly contents: ReadonlyMap<string, number>
  /** Bytes of all content. */
  readonly bytes: number
}

export async function startSource(workload: Pick<Workload, 'images'>): Promise<Source> {
  const registry = await startRegistry()
  try {
    return await filled(registry, workload)
  } catch (error) {
    await registry.stop()
    throw error
  }
}

async function filled(registry: Registry, workload: Pick<Workload, 'images'>): Promise<Source> {
  const { tags, contents } = await pushWorkload(registry.url, workload)
  // What was pushed must not be counted as asked for.
  await registry.settled()
  registry.clearRequests()
  return {
    references: tags.map((tag) => `${registry.host}/${repository}:${tag}`),
    contents,
    bytes: [...contents.values()].reduce((sum, size) => sum + size, 0),
    [Symbol.asyncDispose]: () => registry.stop(),
  }
}
