import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { DateMemory } from '@dist/mirror'
import { type Digest, isDigest } from '@dist/oci'
import { type Context, variable } from '../context.js'

/** Dates that are kept; the newest half of a file that has more. */
const keptAtMost = 200_000

/** A date that no image has: what cannot be read is not known. */
const none = '-'

/**
 * The dates of images that earlier commands of this user have read from configs, in a file of the user's cache: a line for each
 * digest. Only a cache: what cannot be read or written is asked for again.
 */
export class DateFile implements DateMemory, AsyncDisposable {
  readonly #path: string
  #known: Promise<Map<Digest, Date | null>> | undefined
  readonly #added: string[] = []

  constructor(env: Context['env']) {
    const cache = variable(env, 'XDG_CACHE_HOME') ?? join(variable(env, 'HOME') ?? homedir(), '.cache')
    this.#path = join(cache, 'dist', 'dates')
  }

  async isEmpty(): Promise<boolean> {
    this.#known ??= this.#read()
    return (await this.#known).size === 0
  }

  async recall(digest: Digest): Promise<Date | null | undefined> {
    this.#known ??= this.#read()
    return (await this.#known).get(digest)
  }

  async remember(digest: Digest, date: Date | null): Promise<void> {
    const isKnown = date === null || !Number.isNaN(date.getTime())
    if (isKnown) this.#added.push(`${digest} ${date?.toISOString() ?? none}\n`)
  }

  /** Writes what was added. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#added.length === 0) return
    try {
      await mkdir(dirname(this.#path), { recursive: true })
      await appendFile(this.#path, this.#added.join(''))
      await this.#shorten()
    } catch {
      // The next command asks the registry.
    }
  }

  async #read(): Promise<Map<Digest, Date | null>> {
    const text = await readFile(this.#path, 'utf8').catch(() => '')
    const known = new Map<Digest, Date | null>()
    for (const line of text.split('\n')) {
      const [digest = '', date = ''] = line.split(' ')
      if (!isDigest(digest)) continue
      if (date === none) known.set(digest, null)
      else if (!Number.isNaN(Date.parse(date))) known.set(digest, new Date(date))
    }
    return known
  }

  async #shorten(): Promise<void> {
    const known = await this.#known
    if (known === undefined || known.size + this.#added.length <= keptAtMost) return
    const lines = (await readFile(this.#path, 'utf8')).split('\n').slice(-keptAtMost / 2)
    const part = `${this.#path}.${process.pid}`
    await writeFile(part, lines.join('\n'))
    await rename(part, this.#path)
  }
}
