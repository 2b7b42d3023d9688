import type { Answered } from '@dist/registry-server'
import type { Level, Logger } from '@dist/service'

/** Logs a request that has been answered. It has no header and no query: they may have secrets. */
export function logAnswer(log: Logger, { milliseconds, waited, complete, ...answered }: Answered): void {
  log[levelOf(answered.status)]('request', {
    ...answered,
    milliseconds: Math.round(milliseconds),
    waited: Math.round(waited),
    ...(complete ? {} : { complete }),
  })
}

function levelOf(status: number): Level {
  return status >= 500 ? 'warn' : 'info'
}
