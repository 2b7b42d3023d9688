import { createStore, has, MemoryDriver, MemoryNames } from '@dist/content'
import { type Locker, MemoryLocker } from '@dist/locks'
import {
  type BlobTask,
  type BudgetLimits,
  type EngineOptions,
  type ImageOutcome,
  type IngestOptions,
  ingestBlob,
  mirrorImages,
  type Plan,
  type PlanOptions,
  planImage,
  storeTarget,
  TransferBudget,
  transferBlob,
} from '@dist/mirror'
import { type Descriptor, parsePlatform } from '@dist/oci'
import { parseReference } from '@dist/reference'
import { createHostLimiter } from '@dist/remotes'
import { publishImage } from '../../src/publish.js'
import { ScriptedRemote } from './remote.js'

export interface WorldOptions {
  remote?: ScriptedRemote | undefined
  names?: MemoryNames | undefined
  driver?: MemoryDriver | undefined
  locker?: Locker | undefined
  limits?: BudgetLimits | undefined
}

/** Retries with short delays. */
export const soon = { firstDelay: 1, longestDelay: 2 }

export const amd64 = [parsePlatform('linux/amd64')]
export const arm64 = [parsePlatform('linux/arm64')]

/** A scripted remote, a store in memory, and functions that mirror from the remote into the store. */
export function newWorld(options: WorldOptions = {}) {
  const remote = options.remote ?? new ScriptedRemote()
  const driver = options.driver ?? new MemoryDriver()
  const content = createStore(driver)
  const names = options.names ?? new MemoryNames()
  const target = storeTarget(content, names)
  const transfer = async ({ desc }: BlobTask, transferOptions: IngestOptions) =>
    transferBlob(desc, { fetcher: remote.fetcher(), ingester: content }, transferOptions)
  const budget = new TransferBudget(options.limits ?? { bytes: 1024 * 1024, transfers: 8 })
  const isPresent = ({ desc }: BlobTask) => has(content, desc)
  const hosts = createHostLimiter()
  const dependencies = { locker: options.locker ?? new MemoryLocker(), isPresent, budget, transfer }
  const ingest = (task: BlobTask, ingestOptions?: IngestOptions) =>
    ingestBlob(task, dependencies, ingestOptions)
  return {
    remote,
    driver,
    content,
    names,
    target,
    budget,
    ingestTask: ingest,
    ingest: (desc: Descriptor, ingestOptions?: IngestOptions) =>
      ingest({ desc, source: { host: 'registry.test', repository: 'a' } }, ingestOptions),
    plan: (text: string, planOptions: Partial<PlanOptions> = {}): Promise<Plan> => {
      const reference = parseReference(text)
      return planImage(reference, remote, target(reference), { platforms: 'all', ...planOptions })
    },
    publish: (plan: Plan) => publishImage(plan, target(plan.reference)),
    mirror: (texts: readonly string[], engineOptions: Partial<EngineOptions> = {}) =>
      inOrder(
        mirrorImages(
          texts.map((text) => parseReference(text)),
          { source: remote, target, ingest, hosts },
          { platforms: 'all', retries: soon, ...engineOptions },
        ),
      ),
    has: (desc: Descriptor) =>
      content.info(desc.digest).then(
        () => true,
        () => false,
      ),
  }
}

/** All outcomes, in the order of the references. */
export async function inOrder(outcomes: AsyncIterable<ImageOutcome>): Promise<ImageOutcome[]> {
  const all: ImageOutcome[] = []
  for await (const outcome of outcomes) all.push(outcome)
  return all.sort((a, b) => a.index - b.index)
}

export type World = ReturnType<typeof newWorld>
