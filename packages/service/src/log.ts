import { DistError, firstError, laterErrors, sanitize } from '@dist/errdefs'
import { pino } from 'pino'
import type { ServiceContext } from './host.js'

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** Logs events: the message is the name of the event, and constant; its details are fields. */
export type Logger = Readonly<Record<Level, (message: string, fields?: object) => void>>

/** Longer texts are cut, in characters. */
const maxTextLength = 2000
const maxDepth = 4

/**
 * Writes JSON, one object per line: `time`, `level`, `service`, `msg` and the fields of the event. `fields` are in each line.
 * Removes user, password and query from URLs and the signatures of S3 requests, also in errors and their causes.
 */
export function createLogger(
  service: string,
  level: Level,
  log: ServiceContext['log'],
  fields: object = {},
): Logger {
  const options = {
    level,
    base: { service, ...fields, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const lines = pino(options, { write: (line: string) => log.write(line) })
  const write =
    (at: Level) =>
    (message: string, fields: object = {}) => {
      if (lines.isLevelEnabled(at)) lines[at](cleanValue(fields, 0) as object, cleanText(message))
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** Cleans values before they are serialised: inside JSON the end of a URL is ambiguous. */
function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if (value instanceof Date) return value
  if (depth >= maxDepth) return '…'
  if (value instanceof Error) return cleanError(value, depth)
  if (Array.isArray(value)) return value.slice(0, 100).map((each) => cleanValue(each, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cleanValue(each, depth + 1)]))
}

/** The first error with its causes, and the errors that followed it (`later`). */
function cleanError(thrown: Error, depth: number): object {
  const error = firstError(thrown)
  const later = laterErrors(thrown)
  if (!(error instanceof Error)) return { message: cleanText(String(error)) }
  const own = error instanceof DistError
  return {
    ...(own ? { code: error.code, retryable: error.retryable } : { name: error.name }),
    message: cleanText(error.message),
    // A DistError explains itself. Other errors need their stack.
    ...(own ? {} : { stack: cleanText(error.stack ?? '') }),
    ...(error.cause === undefined ? {} : { cause: cleanValue(error.cause, depth + 1) }),
    ...(later.length === 0 ? {} : { later: cleanValue(later, depth + 1) }),
  }
}

function cleanText(text: string): string {
  return sanitize(text, maxTextLength).replace(/\bx-amz-[\w-]+["']?\s*[=:]\s*[^\s&,;]+/gi, 'X-Amz-…')
}

/** The same event is logged once in this time. */
const throttleMs = 30_000
/** Number of different events that are throttled at the same time. */
const maxEvents = 100

interface ThrottledEvent {
  until: number
  /** Number of times that it was not logged. */
  repeated: number
}

/**
 * A logger for events that repeat: while Redis is unavailable, each connection of a service fails every second. The same
 * message with the same error is logged once in 30 s, then with the number of events that were not logged (`repeated`).
 */
export function throttledLogger(log: Logger, now: () => number = () => performance.now()): Logger {
  const events = new Map<string, ThrottledEvent>()
  const write =
    (level: Level) =>
    (message: string, fields: object = {}) => {
      const key = `${message} ${errorMessage(fields)}`
      const known = events.get(key)
      if (known !== undefined && now() < known.until) {
        known.repeated++
        return
      }
      // Errors may have a new text each time, such as an id. Dropping the oldest event bounds the map.
      if (known === undefined && events.size >= maxEvents) events.delete(events.keys().next().value ?? '')
      events.set(key, { until: now() + throttleMs, repeated: 0 })
      const repeated = known?.repeated ?? 0
      log[level](message, repeated === 0 ? fields : { ...fields, repeated })
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

function errorMessage(fields: object): string {
  const error: unknown = Reflect.get(fields, 'error')
  return error instanceof Error ? sanitize(error.message) : ''
}
