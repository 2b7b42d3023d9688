import type { Environment } from '@dist/settings'

/** Where a service runs. */
export interface ServiceContext {
  readonly env: Environment
  /** Aborts when it is to stop. */
  readonly signal: AbortSignal
  /** Takes the log, one JSON object a line: a service's standard output. */
  readonly log: { write(line: string): void }
}
