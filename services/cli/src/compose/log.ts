import type { RequestEvent } from '@dist/registry-client'
import type { Context } from '../context.js'

/** Writes each request to stderr as a line: what `-v` shows. URLs arrive redacted. */
export function requestLog({ stderr }: Context): (event: RequestEvent) => void {
  return ({ method, url, status, duration, received }) => {
    const outcome = status ?? 'no answer'
    stderr.write(`${method} ${url} ${outcome} ${Math.round(duration)}ms ${received}B\n`)
  }
}
