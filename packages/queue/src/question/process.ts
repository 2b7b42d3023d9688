import { DistError, linkSignals, unlessAborted } from '@dist/errdefs'
import type { Job } from 'bullmq'
import type { JobContext, JobHandler, JobOutcome } from '../engine/consumer.js'
import type { Engine } from '../engine/engine.js'
import { reportedError } from '../jobs/failure.js'
import { parsePayload, type QuestionJob, questionJob } from '../jobs/payload.js'
import { upkeepOf } from '../run/upkeep.js'
import type { CoordinatorParts } from '../service.js'
import { measureStore } from './measure.js'
import { preview } from './preview.js'
import { treeOfRunImage } from './run-image.js'
import { type Question, questionSchema } from './schema.js'
import { storedImage, storedPage } from './stored.js'

/** Questions that one coordinator answers at the same time. */
export const questionsAtOnce = 4
/** Milliseconds for an answer from the store. */
const storeTimeout = 10_000
/** Milliseconds for which an answer is kept. */
const answerKept = 60_000

export type QuestionParts = Pick<
  CoordinatorParts,
  'source' | 'lists' | 'target' | 'hosts' | 'policy' | 'published' | 'pruning' | 'upkeep'
>

/** Answers questions. One without a waiting client is not answered. */
export class QuestionHandler implements JobHandler<QuestionJob> {
  constructor(
    private readonly engine: Engine,
    private readonly parts: QuestionParts,
  ) {}

  async process(job: Job<QuestionJob>, { signal }: JobContext): Promise<JobOutcome> {
    const { id } = parsePayload(questionJob, job.data, job.id ?? '')
    const { redis, keys } = this.engine
    const text = await redis.get(keys.question(id))
    if (text === null) return 'done'
    await redis.set(keys.answer(id), '', 'PX', answerKept)
    const answer = await this.#answer(questionSchema.parse(JSON.parse(text)), signal)
    await this.#write(id, { answer: answer ?? null })
    return 'done'
  }

  async failed({ id = '' }: Job<QuestionJob>, error: unknown): Promise<void> {
    await this.#write(id, { error: reportedError(error) })
  }

  retrying(): void {}

  async #write(id: string, answer: unknown): Promise<void> {
    const { redis, keys } = this.engine
    await redis.set(keys.answer(id), JSON.stringify(answer), 'PX', answerKept)
  }

  async #answer(question: Question, signal: AbortSignal): Promise<unknown> {
    if (question.kind === 'measure') return await this.#measure(signal)
    if (question.kind === 'preview') {
      const { lists } = this.parts
      if (lists === undefined)
        throw new DistError('NOT_IMPLEMENTED', 'this coordinator does not list registries')
      return await preview(this.engine, { ...this.parts, lists }, question, signal)
    }
    using limit = linkSignals(signal, AbortSignal.timeout(storeTimeout))
    try {
      // Not all that a store does ends by a signal.
      return await unlessAborted(this.#ofStore(question, limit.signal), limit.signal)
    } catch (error) {
      if (signal.aborted || !limit.signal.aborted) throw error
      const message = `the store has not answered within ${storeTimeout / 1000} s`
      throw new DistError('DEADLINE_EXCEEDED', message, { cause: error })
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { content, names, withheld } = upkeepOf(this.parts)
    const { ledgers } = this.parts.pruning
    await measureStore(this.engine, { content, names, withheld, ledgers }, signal)
  }

  async #ofStore(
    question: Extract<Question, { readonly kind: 'tree' | 'images' | 'image' }>,
    signal: AbortSignal,
  ): Promise<unknown> {
    switch (question.kind) {
      case 'tree':
        return await treeOfRunImage(this.engine, this.parts, question, signal)
      case 'images':
        return await storedPage(this.parts, question, signal)
      case 'image':
        return await storedImage(this.parts, question.name, signal)
    }
  }
}
