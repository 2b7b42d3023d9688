import { DistError, firstError, laterErrors, sanitize } from '@dist/errdefs'
import { pino } from 'pino'
import type { ServiceContext } from './context.js'

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** Says what happens: a message that is always the same for the same thing, and what belongs to it as fields. */
export type Logger = Readonly<Record<Level, (message: string, fields?: object) => void>>

/** Characters of one text that are kept. */
const longestText = 2000
const deepest = 4

/**
 * Writes JSON, one object a line: `time`, `level`, `service`, `msg` and the fields; `fields` are in each line. URLs lose user, password and
 * query wherever they stand, in errors and their causes, too, and what is signed for S3 goes.
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
  const say =
    (at: Level) =>
    (message: string, fields: object = {}) => {
      if (lines.isLevelEnabled(at)) lines[at](cleaned(fields, 0) as object, cleanText(message))
    }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

/** Before anything is serialised: within JSON a URL's end cannot be told. */
function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if (value instanceof Date) return value
  if (depth >= deepest) return '…'
  if (value instanceof Error) return cleanError(value, depth)
  if (Array.isArray(value)) return value.slice(0, 100).map((each) => cleaned(each, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cleaned(each, depth + 1)]))
}

/** The first error, with its causes and with what went wrong after it. */
function cleanError(thrown: Error, depth: number): object {
  const error = firstError(thrown)
  const later = laterErrors(thrown)
  if (!(error instanceof Error)) return { message: cleanText(String(error)) }
  const own = error instanceof DistError
  return {
    ...(own ? { code: error.code, retryable: error.retryable } : { name: error.name }),
    message: cleanText(error.message),
    // Of what is ours the message says enough; of what is not, where it comes from.
    ...(own ? {} : { stack: cleanText(error.stack ?? '') }),
    ...(error.cause === undefined ? {} : { cause: cleaned(error.cause, depth + 1) }),
    ...(later.length === 0 ? {} : { later: cleaned(later, depth + 1) }),
  }
}

function cleanText(text: string): string {
  return sanitize(text, longestText).replace(/\bx-amz-[\w-]+["']?\s*[=:]\s*[^\s&,;]+/gi, 'X-Amz-…')
}
