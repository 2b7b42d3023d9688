import { ApiError, parseAnswer } from './call.js'
import { changed } from './changed.js'
import { noteAnswer, noteSilence } from './connection.js'
import type { Shown } from './shown.js'

/** `ask`: at most twice a second. `slow`: every five seconds. */
export type Pace = 'ask' | 'slow'

/** Milliseconds without any event after which the connection counts as lost. The dashboard sends one every five seconds. */
const silentMs = 12_000
/** Milliseconds that a lost connection has to come back before the page says so. */
const patienceMs = 1_500
/** Milliseconds after which a stream that was refused is opened again. */
const againMs = 3_000

interface Topic {
  readonly pace: Pace
  readonly path: string
  readonly readers: Set<Shown<unknown>>
  /** The last answer of the open stream. */
  last?: { readonly data: unknown } | undefined
}

/** Follows what operations answer, all of them by one stream, while the page is visible. */
class AnswerStream {
  readonly #topics = new Map<string, Topic>()
  #source: EventSource | undefined
  #opening: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setTimeout> | undefined

  constructor() {
    document.addEventListener('visibilitychange', () => this.#reopen())
    changed.follow(() => {
      // What it still has may be from before the change.
      this.#close()
      this.#reopen()
    })
    addEventListener('pagehide', () => this.#close())
  }

  /** Has answers shown. Returns what ends that. */
  follow(pace: Pace, path: string, shown: Shown<unknown>): () => void {
    const key = `${pace} ${path}`
    const topic = this.#topics.get(key) ?? { pace, path, readers: new Set() }
    if (!this.#topics.has(key)) {
      this.#topics.set(key, topic)
      this.#reopen()
    }
    topic.readers.add(shown)
    if (topic.last !== undefined) shown.take({ data: topic.last.data, error: undefined })
    return () => {
      topic.readers.delete(shown)
      if (topic.readers.size > 0) return
      this.#topics.delete(key)
      this.#reopen()
    }
  }

  /** Once for all changes of this moment: a view has several questions. */
  #reopen(after = 0): void {
    clearTimeout(this.#opening)
    this.#opening = setTimeout(() => this.#open(), after)
  }

  #open(): void {
    this.#close()
    if (document.hidden || this.#topics.size === 0) return
    const query = new URLSearchParams()
    for (const topic of this.#topics.values()) {
      query.append(topic.pace, topic.path)
      topic.last = undefined
    }
    const source = new EventSource(`/api/v1/live?${query}`)
    this.#source = source
    source.addEventListener('open', () => this.#heard())
    source.addEventListener('alive', () => this.#heard())
    source.addEventListener('answer', ({ data }) => this.#answered(String(data)))
    source.addEventListener('problem', ({ data }) => this.#failed(String(data)))
    source.addEventListener('error', () => {
      this.#watchFor(patienceMs)
      // The browser does not try again after a refusal.
      if (source.readyState === EventSource.CLOSED) this.#reopen(againMs)
    })
    this.#watchFor(silentMs)
  }

  #close(): void {
    clearTimeout(this.#watch)
    this.#source?.close()
    this.#source = undefined
  }

  #heard(): void {
    this.#watchFor(silentMs)
  }

  #watchFor(milliseconds: number): void {
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      noteSilence('The dashboard does not answer')
      // A connection that is silent is never given up by the browser.
      if (this.#source?.readyState === EventSource.OPEN) this.#reopen()
    }, milliseconds)
  }

  #answered(text: string): void {
    this.#heard()
    noteAnswer()
    const { ask, answer } = parseAnswer(text) as { ask: string; answer: unknown }
    for (const topic of this.#topics.values())
      if (topic.path === ask) {
        topic.last = { data: answer }
        for (const shown of topic.readers) shown.take({ data: answer, error: undefined })
      }
  }

  #failed(text: string): void {
    this.#heard()
    const { ask, problem } = JSON.parse(text) as { ask: string; problem: { status: number; detail: string } }
    if (problem.status >= 500) noteSilence(`The dashboard cannot read the queue: ${problem.detail}`)
    const error = new ApiError(problem.detail, problem.status)
    for (const topic of this.#topics.values())
      if (topic.path === ask) for (const shown of topic.readers) shown.take({ error })
  }
}

let stream: AnswerStream | undefined

/** Follows what an operation answers: its path, with parameters and query. Returns what ends that. */
export function followAnswer(pace: Pace, path: string, shown: Shown<unknown>): () => void {
  stream ??= new AnswerStream()
  return stream.follow(pace, path, shown)
}
