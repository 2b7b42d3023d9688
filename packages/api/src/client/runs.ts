import { randomUUID } from 'node:crypto'
import type {
  BlobReport,
  CollectionRequest,
  CollectionRun,
  DeletedPage,
  FailedTry,
  FailureCause,
  ImageFilter,
  ImagePage,
  ImageReport,
  RetryFilter,
  RunFilter,
  RunRequest,
  RunStatus,
  Runs,
  RunWatch,
  SubmitOnce,
} from '@dist/runs'
import { formatCursor, parsePlace } from '../cursors.js'
import { pageLimits, routes } from '../routes.js'
import type { Connection } from './connection.js'
import { StreamWatch } from './watch.js'

/** The runs of a queue, by its API. */
export class ServerRuns implements Runs {
  constructor(private readonly connection: Connection) {}

  async submit(request: RunRequest, once?: SubmitOnce): Promise<string> {
    const { references, schedule: _, platforms, ...rest } = request
    const listed: string[] = []
    for await (const reference of references) listed.push(reference)
    const body = {
      ...rest,
      platforms: platforms === 'all' ? platforms : [...platforms],
      ...(rest.sources === undefined ? { references: listed } : {}),
    }
    // A request that is repeated because its answer was lost submits nothing new.
    const key = once?.key ?? randomUUID()
    return (await this.connection.call(routes.submitRun, { body, key })).run
  }

  async collect(request: CollectionRequest, store?: string): Promise<CollectionRun> {
    return await this.connection.call(routes.collectGarbage, { body: { ...request, store } })
  }

  async deleted(run: string, from?: number): Promise<DeletedPage> {
    const query = { cursor: from === undefined ? undefined : String(from) }
    const { items, next } = await this.connection.call(routes.listDeleted, { params: { run }, query })
    return { items, next: next === undefined ? undefined : parsePlace(next) }
  }

  async resolve(prefix: string): Promise<string> {
    return (await this.status(prefix)).id
  }

  async list(filter: RunFilter = {}): Promise<RunStatus[]> {
    const { limit = Number.POSITIVE_INFINITY, after, ...filters } = filter
    const found: RunStatus[] = []
    let cursor = after === undefined ? undefined : formatCursor(after)
    do {
      const page = Math.min(limit - found.length, pageLimits.runs)
      const { items, next } = await this.connection.call(routes.listRuns, {
        query: { ...filters, limit: page, cursor },
      })
      found.push(...items)
      cursor = next
    } while (cursor !== undefined && found.length < limit)
    return found
  }

  async status(run: string): Promise<RunStatus> {
    const { obstacles: _, ...status } = await this.connection.call(routes.getRun, { params: { run } })
    return status
  }

  watch(run: string): RunWatch {
    return new StreamWatch((signal) => this.connection.open(routes.followRun, { params: { run } }, signal))
  }

  images(run: string): AsyncIterable<ImageReport> {
    return this.#all(run, {})
  }

  failed(run: string): AsyncIterable<ImageReport> {
    return this.#all(run, { state: 'failed' })
  }

  async imagePage(run: string, { from, ...query }: ImageFilter): Promise<ImagePage> {
    const { items, next } = await this.connection.call(routes.listImages, {
      params: { run },
      query: { ...query, cursor: from === undefined ? undefined : String(from) },
    })
    return { images: items, next: next === undefined ? undefined : parsePlace(next) }
  }

  async blobs(run: string, index: number): Promise<BlobReport[]> {
    const params = { run, index: String(index) }
    return [...(await this.connection.call(routes.listBlobs, { params })).items]
  }

  async tries(run: string, index: number): Promise<FailedTry[]> {
    const params = { run, index: String(index) }
    return [...(await this.connection.call(routes.listTries, { params })).items]
  }

  async causes(run: string): Promise<FailureCause[]> {
    return [...(await this.connection.call(routes.listCauses, { params: { run } })).items]
  }

  async retry(run: string, { images, cause }: RetryFilter = {}): Promise<number> {
    const body = { cause, images: images === undefined ? undefined : [...images] }
    return (await this.connection.call(routes.retryRun, { params: { run }, body })).images
  }

  async cancel(run: string): Promise<void> {
    await this.connection.call(routes.cancelRun, { params: { run } })
  }

  async store(): Promise<string | undefined> {
    return (await this.connection.call(routes.getStore)).id
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async *#all(run: string, filter: Pick<ImageFilter, 'state'>): AsyncIterable<ImageReport> {
    for (let from: number | undefined = 0; from !== undefined; ) {
      const page: ImagePage = await this.imagePage(run, { ...filter, from, limit: pageLimits.images })
      yield* page.images
      from = page.next
    }
  }
}
