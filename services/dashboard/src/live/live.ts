import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Routes } from '@dist/api'
import { DistError } from '@dist/errdefs'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { openStream } from '../api/events.js'
import type { Asked, Handlers } from '../api/mount.js'
import { failureOf } from '../api/problems.js'
import { questionOf } from './questions.js'
import { type Found, Topic } from './topic.js'

// Milliseconds.
const pace = { ask: 500, slow: 5_000 }
/** A reader that hears nothing for longer takes its connection for lost. */
const aliveMs = 5_000
/** A stream ends then, so that its reader has to show again who it is. */
const longestMs = 10 * 60_000
/** After so long a reader connects again. */
const retryMs = 500
/** Streams that are open at the same time. */
const openAtMost = 500

/** Follows answers for any number of streams: each is looked for once for all of them. */
export class LiveAnswers {
  readonly #topics = new Map<string, Topic>()
  #open = 0
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly handlers: Handlers) {}

  /** The stream of one request. */
  readonly stream = async (
    { query }: Asked<Routes['followAnswers']>,
    _request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> => {
    const [ask, slow] = [query.ask ?? [], query.slow ?? []].map((given) => [given].flat())
    const asked = [...keysOf('ask', ask), ...keysOf('slow', slow)]
    if (asked.length === 0)
      throw new DistError('INVALID_ARGUMENT', 'query.ask: nothing is asked; give ask or slow')
    if (this.#open >= openAtMost)
      throw new DistError('RESOURCE_EXHAUSTED', `${openAtMost} streams are open: close some of them first`)
    // Before anything is sent: what cannot be asked refuses the request.
    const questions = asked.map(({ path }) => questionOf(path, this.handlers))
    const raw = openStream(reply)
    if (raw === undefined) return
    this.#open++
    raw.write(`retry: ${retryMs}\n\n`)
    const leave = asked.map(({ key, path, every }, i) =>
      this.#read(key, () => lookFor(path, questions[i]), every, raw),
    )
    const alive = setInterval(() => raw.write('event: alive\ndata: {}\n\n'), aliveMs)
    const end = setTimeout(() => raw.end(), longestMs)
    await new Promise((resolve) => raw.on('close', resolve))
    clearInterval(alive)
    clearTimeout(end)
    for (const each of leave) each()
    this.#open--
  }

  /** Has a stream get the answers of a topic. Returns what ends that. */
  #read(key: string, look: () => Promise<Found>, every: number, raw: ServerResponse): () => void {
    const topic = this.#topics.get(key) ?? new Topic(look, every)
    this.#topics.set(key, topic)
    let seen: string | undefined
    const reader = ({ id, text }: Found) => {
      // A reader that is slow gets a later answer instead.
      if (id === seen || raw.writableNeedDrain) return
      seen = id
      raw.write(text)
    }
    topic.add(reader)
    this.#timer ??= setInterval(() => this.#tick(), pace.ask)
    return () => {
      topic.remove(reader)
      if (!topic.hasReaders) this.#topics.delete(key)
      if (this.#topics.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #tick(): void {
    for (const topic of this.#topics.values()) topic.askIfDue()
  }
}

function keysOf(kind: keyof typeof pace, paths: readonly string[] = []) {
  return [...new Set(paths)].map((path) => ({ path, key: `${kind} ${path}`, every: pace[kind] }))
}

async function lookFor(ask: string, question: (() => Promise<unknown>) | undefined): Promise<Found> {
  try {
    const answer = await question?.()
    // The time of work passes also when nothing happens: it is no change.
    const known = JSON.stringify(answer, (name, value) => (name === 'elapsed' ? undefined : value))
    return foundOf('answer', known, JSON.stringify({ ask, answer }))
  } catch (thrown) {
    const problem = failureOf(thrown)
    return foundOf('problem', JSON.stringify(problem), JSON.stringify({ ask, problem }))
  }
}

function foundOf(event: string, known: string, data: string): Found {
  const id = createHash('sha1').update(event).update(known).digest('base64url')
  return { id, text: `event: ${event}\ndata: ${data}\n\n` }
}
