import type { IncomingHttpHeaders } from 'node:http'
import { sanitize } from '@dist/errdefs'
import type { Quota } from '@dist/remotes'

/** Characters. A source is an address or an id. */
const longestSource = 100

/**
 * The quota in the headers of an answer, as Docker Hub sends it: `ratelimit-limit: 100;w=21600`, `ratelimit-remaining:
 * 76;w=21600`, `docker-ratelimit-source: 203.0.113.7`, the window in seconds. The window, the limit and the source may be
 * missing. Undefined without a remaining number.
 */
export function quotaOf(headers: IncomingHttpHeaders): Quota | undefined {
  const { number: remaining, window } = parse(headers['ratelimit-remaining'])
  if (remaining === undefined) return undefined
  const { number: limit, window: windowOfLimit } = parse(headers['ratelimit-limit'])
  const source = headers['docker-ratelimit-source']
  return {
    source: typeof source === 'string' ? sanitize(source, longestSource).replace(/\s/g, '_') : '',
    remaining,
    limit,
    window: windowOfLimit ?? window,
  }
}

function parse(value: string | string[] | undefined): {
  number?: number | undefined
  window?: number | undefined
} {
  const [, number, parameters = ''] = /^\s*(\d{1,9})\s*((?:;.*)?)$/.exec(String(value ?? '')) ?? []
  if (number === undefined) return {}
  const [, seconds] = /;\s*w\s*=\s*(\d{1,9})\s*(?:;|$)/.exec(parameters) ?? []
  return { number: Number(number), window: seconds === undefined ? undefined : Number(seconds) * 1000 }
}
