import { parsePrefix } from '@dist/reference'
import type { ImageFilter, ImagePage, ImageReport } from '@dist/runs'
import { readItem } from '../run/items.js'
import { chunkSize, type RunHead } from '../state/head.js'
import { readRecord } from '../state/record.js'
import { type FailedPlace, readFailed } from './failed.js'
import { itemReport, lostReferences, type ReportSource, reportPruned } from './report.js'

/** Chunks that one call reads. */
const chunksAtMost = 40
/** Images that are looked at together: few at first, as they may fill the page. */
const firstLook = 500
const largestLook = 5_000

/** Indexes of images that may pass the filter, in order, and where the next look begins. */
interface Candidates {
  readonly indexes: readonly number[]
  readonly next: number
}

/** A page of the images of a run. See `Runs.imagePage`. */
export function pageImages(
  client: ReportSource,
  run: string,
  head: RunHead,
  filter: ImageFilter,
): Promise<ImagePage> {
  return new Pager(client, run, head, filter).page()
}

/** Every failed image of a run, then the mirrors that failed to prune. */
export async function* failedReports(
  client: ReportSource,
  run: string,
  head: RunHead,
): AsyncIterable<ImageReport> {
  if (head['images:failed'] + head['pruned:failed'] === 0) return
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: ImagePage = await pageImages(client, run, head, { state: 'failed', from, limit: 500 })
    yield* page.images
    from = page.next
  }
}

class Pager {
  readonly #images: ImageReport[] = []
  #chunks = 0

  constructor(
    private readonly client: ReportSource,
    private readonly run: string,
    private readonly head: RunHead,
    private readonly filter: ImageFilter,
  ) {}

  async page(): Promise<ImagePage> {
    const { limit } = this.filter
    let from = this.filter.from ?? 0
    let length = firstLook
    while (this.#chunks < chunksAtMost) {
      if (from >= this.head.total) return await this.#pruned(from)
      const { indexes, next } = await this.#candidates(from, length)
      for (const report of await this.#reports(indexes)) {
        if (this.#images.length === limit) return { images: this.#images, next: report.index }
        this.#images.push(report)
      }
      from = next
      length = Math.min(largestLook, 2 * length)
    }
    return { images: this.#images, next: from }
  }

  /** What was pruned comes behind the images. */
  async #pruned(from: number): Promise<ImagePage> {
    if (this.filter.cause !== undefined) return { images: this.#images }
    for await (const report of reportPruned(this.client, this.run, this.head)) {
      if (report.index < from || !this.#passes(report)) continue
      if (this.#images.length === this.filter.limit) return { images: this.#images, next: report.index }
      this.#images.push(report)
    }
    return { images: this.#images }
  }

  async #candidates(from: number, length: number): Promise<Candidates> {
    const { state, cause } = this.filter
    if (cause !== undefined || (state === 'failed' && (await this.#isIndexed())))
      return await this.#failed(from, length)
    if (state === 'active') return await this.#open(from, length)
    const next = Math.min(this.head.total, from + length)
    return { indexes: Array.from({ length: next - from }, (_, i) => from + i), next }
  }

  /** A run of an earlier version has no index of its failed images. */
  async #isIndexed(): Promise<boolean> {
    const { redis, keys, ask } = this.client
    return (await ask(redis.zcard(keys.failed(this.run)))) >= this.head['images:failed']
  }

  async #failed(from: number, length: number): Promise<Candidates> {
    const { cause } = this.filter
    const found = await readFailed(this.client, this.run, from, length)
    const last = found.at(-1)
    const next = last === undefined || found.length < length ? this.head.total : last.index + 1
    const isWanted = (each: FailedPlace) => cause === undefined || each.cause === cause
    return this.#bounded(
      found.filter(isWanted).map(({ index }) => index),
      next,
    )
  }

  /** No more of them than the call may read chunks: they may be far apart. */
  #bounded(indexes: readonly number[], next: number): Candidates {
    const chunks = new Set<number>()
    const beyond = indexes.findIndex((index) => chunks.add(chunkOf(index)).size > chunksAtMost - this.#chunks)
    if (beyond < 0) return { indexes, next }
    return { indexes: indexes.slice(0, beyond), next: indexes[beyond] ?? next }
  }

  /** Active images are among those that have a job. */
  async #open(from: number, length: number): Promise<Candidates> {
    const { redis, keys, ask } = this.client
    const open = (await ask(redis.smembers(keys.open(this.run)))).map(Number)
    const { total } = this.head
    const behind = open.filter((index) => index >= from && index < total).sort((a, b) => a - b)
    return this.#bounded(behind.slice(0, length), behind[length] ?? total)
  }

  /** The reports of those images that pass the filter. Records are read of those alone whose name does. */
  async #reports(indexes: readonly number[]): Promise<ImageReport[]> {
    const { client, run, head } = this
    const { redis, keys, ask } = client
    const texts = await this.#texts(indexes)
    const items = indexes.flatMap((index, i) => {
      const text = texts[i]
      const item = text === undefined ? undefined : readItem(text, head)
      return item === undefined || !this.#mayMatch(item) ? [] : [{ index, item }]
    })
    if (items.length === 0) return []
    const records = await ask(redis.hmget(keys.images(run), ...items.map(({ index }) => String(index))))
    const prefix = head.to === undefined ? undefined : parsePrefix(head.to)
    return items
      .map(({ index, item }, i) => itemReport(index, item, readRecord(records[i]), head, prefix))
      .filter((report) => this.#passes(report))
  }

  /** The items as Redis has them. */
  async #texts(indexes: readonly number[]): Promise<(string | undefined)[]> {
    const { redis, keys, ask } = this.client
    const chunks = [...new Set(indexes.map(chunkOf))]
    // A look without images counts, too.
    this.#chunks += Math.max(1, chunks.length)
    if (chunks.length === 0) return []
    const texts = await ask(redis.hmget(keys.references(this.run), ...chunks.map(String)))
    const lists = new Map(chunks.map((chunk, i) => [chunk, this.#list(texts[i])]))
    return indexes.map((index) => lists.get(chunkOf(index))?.[index % chunkSize])
  }

  #list(text: string | null | undefined): readonly string[] {
    if (text == null) throw lostReferences(this.run)
    return JSON.parse(text)
  }

  #mayMatch({ reference, to }: { reference: string; to?: string | undefined }): boolean {
    const { search } = this.filter
    return search === undefined || reference.includes(search) || to?.includes(search) === true
  }

  #passes(report: ImageReport): boolean {
    return (this.filter.state ?? report.state) === report.state && this.#mayMatch(report)
  }
}

function chunkOf(index: number): number {
  return Math.floor(index / chunkSize)
}
