import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { DistError, sanitize } from '@dist/errdefs'
import type { HostLimiter } from '@dist/remotes'
import type { Registries } from '@dist/settings'
import type { CheckedFile, MirrorFile } from '@dist/sync'
import type { WatchedMirrorFile } from '@dist/wiring/mirror-file'
import type { Context } from '../../context.js'
import { describeError, exitCodeOf, exitCodes, traceDefect } from '../../errors/errors.js'
import { shownFile } from '../../input/stdin.js'
import { bulkPolicy } from '../../open/registry.js'
import { shownName } from '../../output/format.js'
import { note } from '../../output/print.js'
import { pause } from '../../runs/follow.js'
import { mirrorFile } from '../file.js'
import type { MirrorOptions } from '../mirror.js'
import { entryReport } from './report.js'
import { Timetable } from './timetable.js'

/** Milliseconds between two looks at the clock and at the file. */
const lookEvery = 1_000

/** Entries that are mirrored at the same time. */
const atOnce = 4

/** What tests replace. */
export interface WatchParts {
  /** Default: the clock of the system. */
  readonly now?: (() => number) | undefined
  /** Milliseconds between two looks. Default: 1,000. */
  readonly every?: number | undefined
  /** Mirrors a file of one entry. Default: as `dist mirror` does. */
  readonly mirror?: ((context: Context, file: MirrorFile, name: string) => Promise<unknown>) | undefined
}

/**
 * `dist mirror --watch`: mirrors the entries of a mirror file at their times, until the signal aborts. Resolves to the exit
 * code. Throws `INVALID_ARGUMENT` for a file without schedules, or that cannot be read.
 */
export async function watchFile(
  context: Context,
  path: string,
  options: MirrorOptions,
  { now = Date.now, every = lookEvery, mirror }: WatchParts = {},
): Promise<number> {
  const { WatchedMirrorFile } = await import('@dist/wiring/mirror-file')
  const watched = new WatchedMirrorFile(path, context.env)
  const watch = new Watch(context, path, watched, now, mirror ?? (await entryMirror(options, context)))
  if (!(await watch.read())) return exitCodes.usage
  watch.checkSchedules()
  try {
    for (;;) {
      watch.startDue()
      await pause(every, context.signal)
      await watch.readAgain()
    }
  } catch (error) {
    if (!context.signal.aborted) throw error
  }
  await watch.ended()
  return exitCodeOf(undefined, context.signal)
}

/** Mirrors entries with one limiter: what a registry bears is known from run to run. */
async function entryMirror(
  options: MirrorOptions,
  context: Context,
): Promise<NonNullable<WatchParts['mirror']>> {
  const { createHostLimiter } = await import('@dist/remotes')
  let made: { readonly registries: Registries; readonly limiter: HostLimiter } | undefined
  const limiterFor = async (registries: Registries): Promise<HostLimiter> => {
    // A file that changes has other limits.
    if (made === undefined || !isDeepStrictEqual(made.registries, registries))
      made = { registries, limiter: createHostLimiter(await bulkPolicy({ ...options, registries }, context)) }
    return made.limiter
  }
  return async (own, file, name) => {
    const limiter = await limiterFor(file.registries)
    return mirrorFile(own, file, options, entryReport(own, name, options), { limiter, quiet: true })
  }
}

class Watch {
  readonly #timetable = new Timetable()
  readonly #running = new Map<string, Promise<void>>()
  #file: CheckedFile['file'] | undefined

  constructor(
    private readonly context: Context,
    private readonly path: string,
    private readonly watched: WatchedMirrorFile,
    private readonly now: () => number,
    private readonly mirror: NonNullable<WatchParts['mirror']>,
  ) {}

  /** Reads the file if it has changed. False: it has mistakes, which are printed; its last version stays. */
  async read(): Promise<boolean> {
    const checked = await this.watched.changed()
    if (checked === undefined) return true
    if ('mistakes' in checked) {
      for (const { line, column, message } of checked.mistakes)
        note(this.context, `${shownFile(this.path)}:${line}:${column}: ${message}`)
      return false
    }
    this.#take(checked)
    return true
  }

  #take({ file, alone }: CheckedFile): void {
    const { entries } = file
    const now = this.now()
    const before = entries.map(({ name }) => this.#timetable.next(name))
    this.#timetable.replace(
      entries.map(({ name, timing }, index) => ({ name, timing, text: alone(index) })),
      now,
    )
    this.#file = file
    for (const [i, { name }] of entries.entries()) {
      const next = this.#timetable.next(name) ?? now
      if (next > now && next !== before[i]) this.#noteNext(name)
    }
  }

  /** Never throws: the last version of a file that cannot be read stays. */
  async readAgain(): Promise<void> {
    const file = shownFile(resolve(this.path))
    const before = this.#file
    try {
      const isValid = await this.read()
      if (!isValid) note(this.context, `${file}: has mistakes: its last version stays in use`)
      else if (this.#file !== before) note(this.context, `${file}: read again`)
    } catch (error) {
      note(this.context, `${describeError(error)}: its last version stays in use`)
    }
  }

  checkSchedules(): void {
    if (this.#file?.entries.some(({ timing }) => timing !== undefined)) return
    throw new DistError(
      'INVALID_ARGUMENT',
      `${shownFile(this.path)}: no mirror has a schedule: --watch needs one with schedule or every`,
    )
  }

  startDue(): void {
    const now = this.now()
    for (const name of this.#timetable.due(now)) {
      const isRunning = this.#running.has(name)
      if (!isRunning && this.#running.size >= atOnce) return
      this.#timetable.advance(name, now)
      if (isRunning)
        note(this.context, `${shownName(name)}: is still being mirrored, and is not started again`)
      else this.#start(name)
    }
  }

  /** Resolves when nothing is mirrored any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  #start(name: string): void {
    note(this.context, `${shownName(name)}: started`)
    const ended = this.#run(name).finally(() => this.#running.delete(name))
    this.#running.set(name, ended)
  }

  /** Never rejects: a failure ends the run of the entry alone. */
  async #run(name: string): Promise<void> {
    const { context } = this
    const own = namedContext(context, name)
    try {
      const { registries = {}, notifyTargets = {}, entries = [] } = this.#file ?? {}
      const alone = entries.filter((entry) => entry.name === name)
      await this.mirror(own, { registries, notifyTargets, entries: alone }, name)
    } catch (error) {
      if (context.signal.aborted) return
      note(own, `failed: ${sanitize(describeError(error), 1_000)}`)
      traceDefect(own, error)
    }
    if (!context.signal.aborted) this.#noteNext(name)
  }

  #noteNext(name: string): void {
    const next = this.#timetable.next(name)
    if (next !== undefined) note(this.context, `${shownName(name)}: next at ${new Date(next).toISOString()}`)
  }
}

/** A context whose notes begin with the name of an entry: several are mirrored at the same time. */
function namedContext(context: Context, name: string): Context {
  const { stderr } = context
  const write = (text: string) => stderr.write(text.replace(/^dist: /gm, `dist: ${shownName(name)}: `))
  return { ...context, stderr: Object.assign(Object.create(stderr) as typeof stderr, { write }) }
}
