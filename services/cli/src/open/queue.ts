import type { OpenQueueOptions, Queue } from '@dist/wiring/queue'
import type { Context } from '../context.js'
import { describeError } from '../errors/errors.js'
import { note } from '../output/print.js'

export interface QueueSettings {
  queue?: string | undefined
}

/** The URL of the queue: the option, else `DIST_QUEUE`. Undefined where neither is set. */
export async function queueUrl(options: QueueSettings, env: Context['env']): Promise<string | undefined> {
  const settings = await import('@dist/settings')
  return settings.queueUrl(options, env)
}

/** As `queueUrl`, for a command that needs a queue. Throws `INVALID_ARGUMENT` where neither is set. */
export async function requiredQueue(options: QueueSettings, env: Context['env']): Promise<string> {
  const settings = await import('@dist/settings')
  return settings.requiredQueue(options, env)
}

/** Connects to a queue. As `openQueue` of `@dist/wiring`, which is loaded only now. */
export async function openQueue(
  url: string,
  { env }: Context,
  options: OpenQueueOptions = {},
): Promise<Queue> {
  const wiring = await import('@dist/wiring/queue')
  return await wiring.openQueue(url, env, options)
}

/** Settings for a command that follows a run: once connected, it waits for a queue that does not answer. */
export function persistentQueue(context: Context): OpenQueueOptions {
  return { signal: context.signal, persistent: true, onUnavailable: noteAway(context) }
}

/** Tells the user that the queue does not answer and is waited for. */
export function noteAway(context: Context): (error: unknown) => void {
  return (error) => note(context, `${describeError(error)}: waiting for the queue`)
}

/** Calls again while the queue does not answer, until the context's signal aborts. Notes the first failure. */
export async function callPersistently<T>(call: () => Promise<T>, context: Context): Promise<T> {
  const { retryUntilAvailable } = await import('@dist/wiring/queue')
  const tell = noteAway(context)
  let away = false
  const onUnavailable = (error: unknown) => {
    if (!away) tell(error)
    away = true
  }
  return await retryUntilAvailable(call, { signal: context.signal, onUnavailable })
}
