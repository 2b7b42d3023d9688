import { DistError, sanitize, sleep } from '@dist/errdefs'
import type {
  ImageTree,
  Preview,
  PreviewRequest,
  Questions,
  SeenService,
  SourcesText,
  StoredFilter,
  StoredImageDetails,
  StoredPage,
  StoreReport,
} from '@dist/runs'
import type * as z from 'zod'
import { newRunId } from '../jobs/ids.js'
import { addQuestionJob } from '../jobs/queues.js'
import { measureKept } from '../question/remeasure.js'
import {
  answerSchema,
  imageSchema,
  measuringSchema,
  pageSchema,
  previewSchema,
  type Question,
  treeSchema,
  usageSchema,
} from '../question/schema.js'
import { entriesOf } from '../run/sources.js'
import { findSchedule } from '../schedule/definition.js'
import type { Client } from './client.js'
import { checkIndex, headOf } from './lookup.js'
import { openClient, type RunsOptions } from './open.js'
import { pageByOwn, sizesOf } from './usage.js'

export interface QuestionsOptions extends RunsOptions {
  /** The services that are alive, or were so: without a coordinator nothing is asked. */
  services(): Promise<readonly Pick<SeenService, 'service' | 'alive'>[]>
}

/** Opens the questions to the coordinators of a queue. Calls throw as those of `openRuns`. */
export function openQuestions(options: QuestionsOptions): Questions & AsyncDisposable {
  return new QueuedQuestions(openClient(options), options.services)
}

/** Questions that wait. */
const waitingAtMost = 50
/** Milliseconds within which a coordinator takes a question, and for an answer from the store. */
const takenWithin = 5_000
const storeWithin = 15_000
/** Milliseconds of a preview, by default and at most. */
const previewTimes = { usual: 10_000, longest: 60_000 }
const lookEvery = 50

class QueuedQuestions implements Questions, AsyncDisposable {
  constructor(
    private readonly client: Client,
    private readonly services: QuestionsOptions['services'],
  ) {}

  async preview({
    images = false,
    timeout = previewTimes.usual,
    ...asked
  }: PreviewRequest): Promise<Preview> {
    const sources = await this.#sourcesOf(asked)
    await entriesOf(sources)
    const time = Math.min(timeout, previewTimes.longest)
    const question = { kind: 'preview', sources, images, timeout: time } as const
    return await this.#ask(question, previewSchema, time + takenWithin)
  }

  async tree(run: string, index: number): Promise<ImageTree> {
    checkIndex(run, index, await headOf(this.client, run))
    return await this.#ask({ kind: 'tree', run, index }, treeSchema, storeWithin)
  }

  async storedImages({ order, search, needs, from = 0, limit }: StoredFilter): Promise<StoredPage> {
    if (order === 'own' && needs === undefined) return await pageByOwn(this.client, { search, from, limit })
    const page = await this.#ask({ kind: 'images', search, needs, from, limit }, pageSchema, storeWithin)
    const names = page.images.map(({ name }) => name)
    const sizes = await sizesOf(this.client, names)
    return { ...page, images: page.images.map((image, i) => ({ ...image, sizes: sizes[i] })) }
  }

  async storedImage(name: string): Promise<StoredImageDetails> {
    const image = await this.#ask({ kind: 'image', name }, imageSchema, storeWithin)
    const [sizes] = await sizesOf(this.client, [image.name])
    return { ...image, sizes }
  }

  async store(): Promise<StoreReport> {
    const { redis, keys, ask } = this.client
    const [id, usage, measuring] = await ask(redis.mget(keys.store, keys.usage, keys.measuring))
    return {
      id: id ?? undefined,
      usage: usage == null ? undefined : usageSchema.parse(JSON.parse(usage)),
      measuring: measuring == null ? undefined : measuringSchema.parse(JSON.parse(measuring)),
    }
  }

  async measure(): Promise<void> {
    const { redis, keys, ask } = this.client
    if ((await ask(redis.exists(keys.measuring))) === 0) await this.#put({ kind: 'measure' }, measureKept)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.redis.disconnect()
  }

  async #sourcesOf({
    sources,
    schedule,
  }: Pick<PreviewRequest, 'sources' | 'schedule'>): Promise<SourcesText> {
    if ((sources === undefined) === (schedule === undefined))
      throw new DistError('INVALID_ARGUMENT', 'a preview needs either a mirror file or a schedule')
    const known = schedule === undefined ? sources : (await findSchedule(this.client, schedule)).found.sources
    if (known !== undefined) return known
    throw new DistError(
      'INVALID_ARGUMENT',
      `schedule ${sanitize(schedule ?? '', 100)}: it mirrors nothing: it collects garbage`,
    )
  }

  async #ask<T>(question: Question, schema: z.ZodType<T>, within: number): Promise<T> {
    const id = await this.#put(question, within)
    const found = answerSchema.parse(JSON.parse(await this.#answer(id, within)))
    if ('error' in found) throw new DistError(found.error.code, found.error.message)
    return schema.parse(found.answer)
  }

  /** Adds a question whose answer is wanted for so many milliseconds; resolves to its id. */
  async #put(question: Question, within: number): Promise<string> {
    const { redis, keys, queues, ask } = this.client
    const services = await this.services()
    if (!services.some(({ service, alive }) => service === 'coordinator' && alive))
      throw new DistError('UNAVAILABLE', 'no coordinator is alive to answer: start dist coordinator')
    if ((await ask(queues.questions.getWaitingCount())) >= waitingAtMost)
      throw new DistError(
        'RESOURCE_EXHAUSTED',
        `${waitingAtMost} questions wait for coordinators: ask later, or start more of them`,
      )
    const id = newRunId()
    await ask(redis.set(keys.question(id), JSON.stringify(question), 'PX', within))
    await ask(addQuestionJob(queues, id))
    return id
  }

  /** The text of an answer. */
  async #answer(id: string, within: number): Promise<string> {
    const { redis, keys, ask } = this.client
    const start = performance.now()
    for (;;) {
      const text = await ask(redis.get(keys.answer(id)))
      if (text !== null && text !== '') return text
      const passed = performance.now() - start
      if (passed > (text === null ? takenWithin : within)) {
        await ask(redis.unlink(keys.question(id)))
        throw new DistError(
          'UNAVAILABLE',
          text === null
            ? 'no coordinator takes the question: start dist coordinator, of this version, and see that the queue questions is not paused'
            : `the coordinator has not answered within ${within / 1000} s: ask again`,
        )
      }
      await sleep(lookEvery)
    }
  }
}
