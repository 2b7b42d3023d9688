import type { Dashboard, Server } from '@dist/api'
import type { QueueAddress, QueueFlags, ServerAddress } from '@dist/settings/command'
import type { OpenQueueOptions, Queue } from '@dist/wiring/queue'
import type { Context } from '../context.js'
import { describeError } from '../errors/errors.js'
import { note } from '../output/print.js'
import { version } from '../version.js'

/** The queue of the options, else of `DIST_QUEUE` or `DIST_SERVER`. Undefined where none is set. */
export async function queueAddress(
  options: QueueFlags,
  env: Context['env'],
): Promise<QueueAddress | undefined> {
  const settings = await import('@dist/settings/command')
  return await settings.queueAddress(options, env)
}

/** As `queueAddress`, for a command that needs a queue. Throws `INVALID_ARGUMENT` where none is set. */
export async function requiredQueue(options: QueueFlags, env: Context['env']): Promise<QueueAddress> {
  const settings = await import('@dist/settings/command')
  return await settings.requiredQueue(options, env)
}

/** The dashboard that works in place of this process. `elsewhere`: the flag that says that it does not. */
export async function serverAddress(
  options: Pick<QueueFlags, 'server'>,
  env: Context['env'],
  elsewhere: string | undefined,
): Promise<ServerAddress | undefined> {
  const settings = await import('@dist/settings/command')
  return await settings.serverAddress(options, env, elsewhere)
}

/** Opens a dashboard, also for what only it can answer. */
export async function openDashboard(
  { server: url, token }: ServerAddress,
  context: Context,
): Promise<Dashboard> {
  const { openServer } = await import('@dist/api')
  return openServer({ url, token }, { signal: context.signal, userAgent: `dist/${version}` })
}

/** Opens a queue, at its Redis or by the API of a dashboard: commands do not know which. */
export async function openQueue(
  address: QueueAddress,
  context: Context,
  options: OpenQueueOptions = {},
): Promise<Server> {
  if ('queue' in address) return await openRedis(address.queue, context, options)
  const { openServer } = await import('@dist/api')
  return openServer(
    { url: address.server, token: address.token },
    { ...options, signal: context.signal, userAgent: `dist/${version}` },
  )
}

/** Connects to the Redis of a queue. As `openQueue` of `@dist/wiring`, which is loaded only now. */
export async function openRedis(
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
