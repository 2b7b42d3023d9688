import { sanitize } from '@dist/errdefs'
import type { Level, Logger } from './log.js'

/** Milliseconds in which the same thing is said once. */
const quiet = 30_000
/** Different things that are remembered. */
const remembered = 100

interface Said {
  until: number
  /** How often it would have been said since. */
  repeated: number
}

/**
 * A logger for what happens again and again: while Redis is away each of a service's connections fails every second.
 * The same message with the same error is said once in 30 s, then with how often it was not (`repeated`).
 */
export function throttledLogger(log: Logger, now: () => number = () => performance.now()): Logger {
  const said = new Map<string, Said>()
  const say =
    (level: Level) =>
    (message: string, fields: object = {}) => {
      const key = `${message} ${errorOf(fields)}`
      const known = said.get(key)
      if (known !== undefined && now() < known.until) {
        known.repeated++
        return
      }
      // The oldest goes: what is told anew each time, such as an id in a message, must not grow without bound.
      if (known === undefined && said.size >= remembered) said.delete(said.keys().next().value ?? '')
      said.set(key, { until: now() + quiet, repeated: 0 })
      log[level](
        message,
        known === undefined || known.repeated === 0 ? fields : { ...fields, repeated: known.repeated },
      )
    }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

function errorOf(fields: object): string {
  const error: unknown = Reflect.get(fields, 'error')
  return error instanceof Error ? sanitize(error.message) : ''
}
