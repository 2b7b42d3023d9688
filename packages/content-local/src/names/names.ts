import { type Image, type Names, type PublishedName, publishedAs, type ScannedName } from '@dist/content'
import { DistError, sleep, throwIfAborted } from '@dist/errdefs'
import type { Lock, Locker } from '@dist/locks'
import { type Descriptor, parseDescriptor } from '@dist/oci'
import { storeError } from '../files/errors.js'
import type { StoreDirectory } from '../store-directory.js'
import type { Change } from './change.js'
import { fold, replaceIndex } from './fold.js'
import { Journal } from './journal.js'
import { NamesReader } from './reader.js'

/** A call of `put` or `delete` that waits. */
interface Call {
  readonly name: string
  /** Undefined deletes the name. */
  readonly image: Image | undefined
  resolve(): void
  reject(error: unknown): void
}

/** Milliseconds from a line to the next one while many names are published: a line costs a lock and two fsyncs. */
const gatherMs = 10
/** Milliseconds after a publication until `index.json` has it, while the process lives. */
const foldAfterMs = 5_000
/** The time between two such folds, as a multiple of the duration of one. */
const pauseFactor = 20
/** Bytes of the journal up to which it is not folded because of its size. */
const smallJournal = 1024 * 1024

/**
 * The names of a store: those of its `index.json`, with the changes in its journal. A change is a line of the journal, at
 * a cost that does not depend on the number of names. `fold` moves the changes into `index.json`: when the store is
 * closed, a short time after a change, and when the journal is large.
 */
export class LocalNames implements Names {
  readonly #journal: Journal
  readonly #reader: NamesReader
  #calls: Call[] = []
  #draining: Promise<void> | undefined
  /** Whether the journal has changes of this process, or of a process that did not end properly. */
  #hasChanges = false
  #timer: NodeJS.Timeout | undefined
  #pauseUntil = 0

  constructor(
    private readonly directory: StoreDirectory,
    private readonly locker: Locker,
  ) {
    this.#journal = new Journal(directory)
    this.#reader = new NamesReader(directory, this.#journal)
  }

  async get(name: string): Promise<Image> {
    return this.#reader.load().published.get(name) ?? throwNotFound(name)
  }

  async look(name: string): Promise<PublishedName | undefined> {
    const image = this.#reader.load().published.get(name)
    return image && publishedAs(image)
  }

  async *list(): AsyncIterable<Image> {
    yield* this.#reader.load().published.list()
  }

  async *scan(prefix: string): AsyncIterable<ScannedName> {
    for (const name of this.#reader.load().published.names(prefix)) yield { name }
  }

  async *others(): AsyncIterable<Descriptor> {
    for (const entry of this.#reader.load().published.index.others())
      yield parseDescriptor(entry, `${this.directory.root}/index.json: an entry of another tool`)
  }

  put(image: Image): Promise<void> {
    return this.#change(image.name, image)
  }

  delete(name: string): Promise<void> {
    return this.#change(name, undefined)
  }

  /** Writes an empty `index.json` if there is none: other tools require it in a layout. */
  async create(): Promise<void> {
    if (this.#reader.hasIndex()) return
    await using lock = await this.locker.acquire('names')
    if (this.#reader.hasIndex()) return
    try {
      await replaceIndex(this.directory, this.#reader.load().published.index.bytes, lock.signal)
    } catch (error) {
      throw storeError(this.directory.root, 'create', error)
    }
  }

  /** Folds, later or when the names are closed, what a process that did not end properly has left. */
  repair(): void {
    if (this.#journal.version() !== '') this.#foldLater()
  }

  /** Ends with a complete `index.json`. Throws if it cannot be written; the changes stay in the journal then. */
  async close(): Promise<void> {
    await this.#draining
    this.#stopTimer()
    if (this.#hasChanges) await this.#fold()
    this.#reader.forget()
  }

  #change(name: string, image: Image | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ name, image, resolve, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Calls that arrive while a line is written, and shortly after, share the next one. */
  async #drain(): Promise<void> {
    // Calls of the same turn of the event loop share one line.
    await Promise.resolve()
    while (this.#calls.length > 0) {
      const calls = this.#calls
      this.#calls = []
      try {
        await this.#apply(calls)
      } catch (error) {
        for (const call of calls) call.reject(storeError(this.directory.root, 'write of names', error))
      }
      if (this.#calls.length > 0) await sleep(gatherMs)
    }
    this.#draining = undefined
  }

  async #apply(calls: readonly Call[]): Promise<void> {
    await using lock = await this.locker.acquire('names')
    if (this.#reader.load().published.isStale) await this.#foldLocked(lock)
    const { published, position } = this.#reader.load()
    const { changes, absent } = changesOf(calls, (name) => published.get(name))
    // A name must not outlive its content: this makes it durable, whichever process has written it.
    if (changes.some(({ image }) => image !== undefined)) await this.directory.syncBlobs()
    throwIfAborted(lock.signal)
    const end = changes.length > 0 ? await this.#journal.append(changes, position) : position
    for (const call of calls) {
      if (absent.has(call)) call.reject(notFound(call.name))
      else call.resolve()
    }
    if (changes.length === 0) return
    this.#reader.added(changes, position, end)
    this.#foldLater()
    // As a share of the index, so that the folds of a growing store cost little more than the last one. The changes are in
    // the journal already: if this fold fails, a later one moves them.
    if (end.size > Math.max(smallJournal, published.index.bytes.byteLength / 2))
      await this.#foldLocked(lock).catch(() => {})
  }

  #foldLater(): void {
    this.#hasChanges = true
    if (this.#timer !== undefined) return
    const delay = Math.max(foldAfterMs, this.#pauseUntil - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      // The changes are in the journal, and the next fold moves them, too.
      this.#fold().catch(() => {})
    }, delay).unref()
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #fold(): Promise<void> {
    if (this.#journal.version() === '') {
      this.#hasChanges = false
      return
    }
    await using lock = await this.locker.acquire('names')
    await this.#foldLocked(lock)
  }

  async #foldLocked({ signal }: Lock): Promise<void> {
    const start = performance.now()
    // Another process may have folded.
    if (this.#journal.version() !== '')
      await fold(this.directory, this.#journal, this.#reader.load().published, signal)
    this.#reader.forget()
    this.#hasChanges = false
    this.#stopTimer()
    const now = performance.now()
    this.#pauseUntil = now + pauseFactor * (now - start)
  }
}

/** The changes that calls make in their order, and the calls that delete a name that does not exist. */
function changesOf(
  calls: readonly Call[],
  current: (name: string) => Image | undefined,
): { changes: Change[]; absent: Set<Call> } {
  const wanted = new Map<string, Image | undefined>()
  const absent = new Set<Call>()
  for (const call of calls) {
    const { name, image } = call
    const before = wanted.has(name) ? wanted.get(name) : current(name)
    if (image === undefined && before === undefined) absent.add(call)
    else wanted.set(name, image)
  }
  const changes = [...wanted].map(([name, image]) => ({ name, was: current(name)?.desc.digest, image }))
  return { changes: changes.filter(({ was, image }) => was !== undefined || image !== undefined), absent }
}

function notFound(name: string): DistError {
  return new DistError('NOT_FOUND', `${name}: no image of this name in the store`)
}

function throwNotFound(name: string): never {
  throw notFound(name)
}
