import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import type { ScheduledFile } from '@dist/runs'
import type { Environment } from '@dist/settings/command'
import { type Checked, type CheckedFile, checkMirrorFile, languageOf } from '@dist/sync'

/** A mirror file of the operator that is read again when it has changed. */
export class WatchedMirrorFile {
  /** The size and the times of the file, and its content, when it was last read. */
  #stamp = ''
  #text: string | undefined

  constructor(
    private readonly path: string,
    /** For `${NAME}` in the file. */
    private readonly variables: Environment,
  ) {}

  /**
   * Reads and checks the file if it has another content than at the last call. Undefined: it has the same. Throws
   * `INVALID_ARGUMENT`, once, for a file that cannot be read.
   */
  async changed(): Promise<Checked | undefined> {
    const stamp = await this.#read(async () => {
      const { size, mtimeMs, ctimeMs, ino } = await stat(this.path)
      return [size, mtimeMs, ctimeMs, ino].join(' ')
    })
    if (stamp === undefined || stamp === this.#stamp) return undefined
    const text = await this.#read(() => readFile(this.path, 'utf8'))
    this.#stamp = stamp
    if (text === undefined || text === this.#text) return undefined
    this.#text = text
    const language = languageOf(this.path) ?? 'yaml'
    return await checkMirrorFile(text, { path: resolve(this.path), language, trusted: this.variables })
  }

  /** Undefined for a failure that has been reported. */
  async #read(read: () => Promise<string>): Promise<string | undefined> {
    try {
      return await read()
    } catch (cause) {
      const why = errnoOf(cause) ?? 'unknown error'
      if (this.#stamp === why) return undefined
      this.#stamp = why
      const message = `mirror file ${sanitize(this.path)}: cannot be read (${why})`
      throw new DistError('INVALID_ARGUMENT', message, { cause })
    }
  }
}

/** The schedules of a mirror file. `path`: the name of a file that has none of its own. */
export function schedulesOf({ file, alone }: CheckedFile, path: string): ScheduledFile {
  const requests = file.entries.flatMap(({ name, timing }, index) =>
    timing === undefined
      ? []
      : [{ name, timing, sources: { text: alone(index), language: 'json' as const } }],
  )
  return { file: file.name ?? path, path, requests }
}

/**
 * Reads the schedules of a mirror file for a coordinator, each time that it has changed. Its variables are the operator's;
 * what they stand for is in Redis then. Throws `INVALID_ARGUMENT` with the first mistake, once for each version of the file;
 * also for `registries` and `notify-targets`, which belong into the settings of the services.
 */
export function scheduleReader(path: string, env: Environment): () => Promise<ScheduledFile | undefined> {
  const watched = new WatchedMirrorFile(path, env)
  return async () => {
    const checked = await watched.changed()
    if (checked === undefined) return undefined
    if ('mistakes' in checked) throw mistaken(path, checked.mistakes)
    const { registries, notifyTargets } = checked.file
    const parts = { registries, 'notify-targets': notifyTargets }
    const [foreign] = Object.entries(parts).filter(([, map]) => Object.keys(map).length > 0)
    if (foreign === undefined) return schedulesOf(checked, resolve(path))
    throw new DistError(
      'INVALID_ARGUMENT',
      `mirror file ${sanitize(path)}: ${foreign[0]} is not allowed in the file of a coordinator, which other services do not read; set it in the settings of the services`,
    )
  }
}

function mistaken(
  path: string,
  mistakes: readonly { line: number; column: number; message: string }[],
): DistError {
  const [first] = mistakes
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more mistakes)` : ''
  return new DistError(
    'INVALID_ARGUMENT',
    `mirror file ${sanitize(path)}:${first?.line}:${first?.column}: ${sanitize(first?.message ?? '', 500)}${more}`,
  )
}
