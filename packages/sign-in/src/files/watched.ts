import { stat } from 'node:fs/promises'
import { codeOf, sanitize } from '@dist/errdefs'
import type { AccessLog } from './log.js'

/** What files say, kept up to date. */
export interface Watched<T> extends Disposable {
  readonly current: T
  /** Calls the listener with each later value. */
  onChange(listener: (value: T) => void): void
}

export interface WatchOptions {
  readonly log: AccessLog
  /** Milliseconds between two looks. Default: 1000. */
  readonly interval?: number | undefined
}

/**
 * Loads a value from files, and again when one of them changes and has then stayed the same for one look: it may still be
 * written, or belong to another one that is. A change that cannot be loaded is logged, and the last value stays. Files are
 * looked at by their path, so that one that is replaced, also through a symbolic link, counts as changed. Throws what the
 * first `load` throws.
 */
export async function watchFiles<T>(
  paths: readonly string[],
  load: () => Promise<T>,
  { log, interval = 1_000 }: WatchOptions,
): Promise<Watched<T>> {
  let loaded = await stateOf(paths)
  let current = await load()
  let seen = loaded
  const listeners: ((value: T) => void)[] = []
  const look = async () => {
    const state = await stateOf(paths)
    const isSettled = state === seen
    seen = state
    if (state === loaded || !isSettled) return
    loaded = state
    try {
      current = await load()
      log.info('files were read again', { files: paths })
      for (const listener of listeners) listener(current)
    } catch (error) {
      log.error('files changed and cannot be used: what they said before stays valid', {
        files: paths,
        code: codeOf(error),
        why: sanitize(error instanceof Error ? error.message : String(error)),
      })
    }
  }
  const timer = repeat(look, interval)
  return {
    get current() {
      return current
    },
    onChange: (listener) => listeners.push(listener),
    [Symbol.dispose]: timer,
  }
}

/** Runs `work` again and again, with pauses. Returns the function that ends it. */
function repeat(work: () => Promise<void>, interval: number): () => void {
  let ended = false
  let timer: NodeJS.Timeout | undefined
  const next = () => {
    if (ended) return
    timer = setTimeout(() => work().finally(next), interval).unref()
  }
  next()
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

/** What changes when a file changes. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = paths.map(async (path) => {
    const found = await stat(path, { bigint: true }).catch(() => undefined)
    return found === undefined ? 'none' : `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`
  })
  return (await Promise.all(states)).join(' ')
}
