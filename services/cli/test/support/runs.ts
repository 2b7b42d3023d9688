import { DistError, sleep } from '@dist/errdefs'
import type {
  BlobReport,
  CollectionRequest,
  CollectionRun,
  DeletedContent,
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
} from '@dist/runs'

export const day = new Date('2026-01-01T00:00:00Z')

export function runStatus(parts: Partial<RunStatus> = {}): RunStatus {
  return {
    id: 'r1',
    kind: 'mirror',
    state: 'running',
    createdAt: day,
    elapsed: 0,
    store: 'store-1',
    platforms: 'all',
    images: { total: 2, done: 0, failed: 0, canceled: 0, active: 2 },
    blobs: { total: 4, done: 1, failed: 0 },
    bytes: { total: 4000, fetched: 1000 },
    pruned: { names: 0, failed: 0 },
    remarks: [],
    undelivered: [],
    ...parts,
  }
}

/** Runs without a queue. Each call of `status` returns the next status that the test has prepared. */
export class FakeRuns implements Runs {
  readonly submitted: RunRequest[] = []
  readonly references: string[][] = []
  readonly canceled: string[] = []
  /** The prepared statuses by run. The last one repeats. An error is thrown. */
  readonly looks = new Map<string, (RunStatus | Error)[]>()
  readonly collections: CollectionRequest[] = []
  reports: ImageReport[] = []
  deletions: DeletedContent[] = []
  known: RunStatus[] = []
  storeId: string | undefined = 'store-1'
  retried = 0
  failureCauses: FailureCause[] = []
  readonly retries: RetryFilter[] = []
  onLook: (run: string, count: number) => void = () => {}
  onSubmit: (count: number) => void = () => {}
  #counts = new Map<string, number>()

  async submit(request: RunRequest): Promise<string> {
    const references: string[] = []
    for await (const reference of request.references) references.push(reference)
    this.submitted.push(request)
    this.references.push(references)
    this.onSubmit(this.submitted.length)
    return `r${this.submitted.length}`
  }

  async collect(request: CollectionRequest): Promise<CollectionRun> {
    this.collections.push(request)
    return { run: 'r1', isJoined: this.collections.length > 1 }
  }

  async deleted(): Promise<DeletedPage> {
    return { items: this.deletions }
  }

  async resolve(prefix: string): Promise<string> {
    const ids = [...this.looks.keys(), ...this.known.map(({ id }) => id)]
    const found = ids.find((id) => id.startsWith(prefix))
    if (found === undefined) throw notFound(prefix)
    return found
  }

  async list({ limit, state, schedule }: RunFilter = {}): Promise<RunStatus[]> {
    const passed = this.known.filter((run) => state === undefined || run.state === state)
    return passed.filter((run) => schedule === undefined || run.schedule === schedule).slice(0, limit)
  }

  async status(run: string): Promise<RunStatus> {
    const count = (this.#counts.get(run) ?? 0) + 1
    this.#counts.set(run, count)
    this.onLook(run, count)
    const looks = this.looks.get(run) ?? []
    const look = looks.length > 1 ? looks.shift() : looks[0]
    if (look === undefined) throw notFound(run)
    if (look instanceof Error) throw look
    return look
  }

  watch(): RunWatch {
    return { ended: sleep, [Symbol.asyncDispose]: async () => {} }
  }

  async *images(_run: string): AsyncIterable<ImageReport> {
    yield* this.reports
  }

  async *failed(_run: string): AsyncIterable<ImageReport> {
    yield* this.reports.filter(({ state }) => state === 'failed')
  }

  async imagePage(_run: string, { state, from = 0, limit }: ImageFilter): Promise<ImagePage> {
    const passed = this.reports.filter((each) => (state ?? each.state) === each.state && each.index >= from)
    return { images: passed.slice(0, limit), next: passed[limit]?.index }
  }

  async blobs(): Promise<BlobReport[]> {
    return []
  }

  async tries(): Promise<FailedTry[]> {
    return []
  }

  async causes(): Promise<FailureCause[]> {
    return this.failureCauses
  }

  async retry(run: string, filter: RetryFilter = {}): Promise<number> {
    if (!this.looks.has(run)) throw notFound(run)
    this.retries.push(filter)
    return this.retried
  }

  async cancel(run: string): Promise<void> {
    if (!this.looks.has(run)) throw notFound(run)
    this.canceled.push(run)
  }

  async store(): Promise<string | undefined> {
    return this.storeId
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function notFound(run: string): DistError {
  return new DistError('NOT_FOUND', `no run ${run}`)
}

export function imageReport(index: number, parts: Partial<ImageReport> = {}): ImageReport {
  return {
    index,
    reference: `docker.io/library/i${index}:1`,
    state: 'done',
    digest: `sha256:${String(index).padStart(64, '0')}`,
    upToDate: false,
    fetched: { objects: 3, bytes: 2048 },
    shared: { objects: 1, bytes: 1024 },
    ...parts,
  }
}

export const failedReport = (index: number, parts: Partial<ImageReport> = {}): ImageReport => ({
  index,
  reference: `docker.io/library/i${index}:1`,
  state: 'failed',
  error: { code: 'NOT_FOUND', message: 'the registry has no such tag' },
  ...parts,
})
