import type { ServiceEvent } from '@dist/runs'
import type { Level, Logger } from '@dist/service'

/** How loud it is that an image or a blob got there. A service of ten thousand blobs shall not drown its images. */
const levels: Readonly<Record<string, Level>> = { failed: 'warn', retrying: 'info' }

/** Writes what happens to jobs as lines of the log. `errors` takes what comes again and again while Redis is away. */
export function logEvent(log: Logger, event: ServiceEvent, errors: Logger = log): void {
  if (event.type === 'error') {
    errors.error('the queue reports an error', { error: event.error })
    return
  }
  const { type, state, ...fields } = event
  const level = levels[state] ?? (type === 'blob' || state === 'started' ? 'debug' : 'info')
  log[type === 'run' ? 'info' : level](`${type} ${state}`, fields)
}
