import { createHmac } from 'node:crypto'
import { backoff, DistError, isCanceled, isRetryable, sanitize, sleep } from '@dist/errdefs'

/** A webhook, as its operator has configured it. */
export interface NotifyTarget {
  readonly url: string
  /** The file with the secret of the signature. It is read for each delivery. */
  readonly secretFile: string
  /** Nets that are allowed beside public addresses: `10.0.0.0/8`. */
  readonly addresses?: readonly string[] | undefined
  /** PEM file with additional authorities. */
  readonly caFile?: string | undefined
}

export interface Delivery {
  /** The same in all attempts. */
  readonly id: string
  readonly target: string
  readonly body: string
}

/** A request to a target. It follows no redirect, and connects to allowed addresses only. */
export type Post = (
  target: NotifyTarget,
  request: {
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly signal?: AbortSignal | undefined
  },
) => Promise<{
  readonly status: number
  /** Milliseconds. */
  readonly retryAfter?: number | undefined
}>

export interface NotifierParts {
  readonly targets: Readonly<Record<string, NotifyTarget>>
  readonly post: Post
  readonly readSecret: (target: NotifyTarget) => Promise<string>
  /** Milliseconds since the epoch. Default: the clock. */
  readonly now?: (() => number) | undefined
}

/** Tells targets what has happened. */
export class Notifier {
  constructor(private readonly parts: NotifierParts) {}

  /** Throws `INVALID_ARGUMENT` for a target that is not configured. */
  check({ entry, targets }: { readonly entry: string; readonly targets: readonly string[] }): void {
    for (const name of targets)
      if (!this.#has(name))
        throw new DistError('INVALID_ARGUMENT', `${sanitize(entry, 200)}: ${unknownTarget(name)}`)
  }

  /**
   * One attempt. Throws a retryable error if a later attempt may succeed, and one that is not for an answer that tells the
   * request is wrong, for a redirect, for an address that is not allowed, and for a target that is not configured.
   */
  async deliver({ id, target: name, body }: Delivery, signal?: AbortSignal): Promise<void> {
    const target = this.#has(name) ? this.parts.targets[name] : undefined
    if (target === undefined) throw new DistError('INVALID_ARGUMENT', unknownTarget(name))
    const timestamp = String(Math.floor((this.parts.now?.() ?? Date.now()) / 1000))
    const secret = await this.parts.readSecret(target)
    const headers = {
      'content-type': 'application/json',
      'dist-delivery': id,
      'dist-timestamp': timestamp,
      'dist-signature': signatureOf({ timestamp, id, body }, secret),
    }
    const { status, retryAfter } = await this.parts.post(target, { headers, body, signal })
    if (status >= 200 && status < 300) return
    throw refusal(new URL(target.url).host, status, retryAfter)
  }

  #has(name: string): boolean {
    return Object.hasOwn(this.parts.targets, name)
  }
}

/** `sha256=` and the HMAC in hex, over timestamp, id and body. */
export function signatureOf(
  { timestamp, id, body }: { readonly timestamp: string; readonly id: string; readonly body: string },
  secret: string,
): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${id}.${body}`).digest('hex')}`
}

function unknownTarget(name: string): string {
  return `no notify target has the name ${sanitize(name, 100)}: add it to notify-targets in the settings of the coordinators, or in the mirror file of a run without a queue`
}

/** Answers after which another attempt may succeed. */
const passing = new Set([408, 425, 429])

function refusal(host: string, status: number, retryAfter: number | undefined): DistError {
  if (status >= 300 && status < 400)
    return new DistError(
      'MALFORMED',
      `${host} answers with a redirect (${status}), which is not followed: correct the url of the target`,
    )
  const message = `${host} answers ${status}`
  if (status >= 500 || passing.has(status)) return new DistError('UNAVAILABLE', message, { retryAfter })
  return new DistError('PERMISSION_DENIED', `${message}: it refuses the notice`)
}

const attempts = 5
const firstPause = 1_000
const longestPause = 15_000

/** Delivers with up to 5 attempts, and growing pauses between them. Throws the last error, and what `signal` causes. */
export async function deliverPatiently(
  notifier: Pick<Notifier, 'deliver'>,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await notifier.deliver(delivery, signal)
    } catch (error) {
      if (!isRetryable(error) || isCanceled(error) || attempt === attempts) throw error
      const asked = error instanceof DistError ? (error.retryAfter ?? 0) : 0
      await sleep(
        Math.min(longestPause, Math.max(asked, backoff(attempt - 1, firstPause, longestPause))),
        signal,
      )
    }
  }
}
