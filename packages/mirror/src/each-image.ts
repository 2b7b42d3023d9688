import { linkSignals } from '@dist/errdefs'
import type { HostPolicies, HostStates } from '@dist/remotes'
import { Channel } from './channel.js'
import { LateWork } from './late-work.js'
import { defaultRetries, type Retries, Schedule, type Work } from './schedule.js'
import type { ImageTask } from './task.js'
import { type Entry, type Images, Window } from './window.js'

export interface EachImageOptions {
  /**
   * Images that are read and wait for their turn: a lower number reads less of a costly input, a higher one finds work for more
   * hosts. Default: 100,000.
   */
  ahead?: number | undefined
  /** How long to wait for a host in trouble, and how many requests it takes: the slots follow. */
  policy?: HostPolicies | undefined
  retries?: Partial<Retries> | undefined
  signal?: AbortSignal | undefined
}

/** Work for one image. */
export interface WorkFor<Outcome> extends Work {
  /** The outcome. `failed`: the error of the last attempt. */
  outcome(failed?: { readonly error: unknown }): Outcome
}

/** Outcomes that wait for the consumer before the images that end next wait, too. */
const undelivered = 256

/**
 * Works for images, several at the same time. Yields one outcome for each image, with its place in the input, in the order in
 * which the images end, even if images fail or the signal aborts. A slow or dead host delays its own images only. Memory
 * does not grow with the number of images: a slow consumer holds them up. `images` is read as images end, once; it has
 * to end by itself after an abort. If it throws, the images before are finished, then the error is thrown. If the consumer
 * stops early, the images that have begun are canceled by the signal that `begin` gets.
 */
export async function* eachImage<Outcome extends object>(
  images: Images,
  hosts: HostStates,
  begin: (task: ImageTask, signal: AbortSignal) => WorkFor<Outcome>,
  options: EachImageOptions,
): AsyncGenerator<Outcome & { readonly index: number }, void, undefined> {
  const stopped = new AbortController()
  using either = linkSignals(options.signal, stopped.signal)
  const { signal } = either
  const { policy = {} } = options
  const retries = { ...defaultRetries, ...options.retries }
  const schedule = new Schedule({ hosts, policy, retries, signal })
  const outcomes = new Channel<Outcome & { readonly index: number }>(undelivered)
  const make = (task: ImageTask) => begin(task, signal)
  const run = async ({ task, index }: Entry) => {
    const work = new LateWork(task, make)
    const failed = await schedule.add(task.reference.host, work)
    await outcomes.put({ ...work.end(failed), index })
  }
  const most = (host: string) => schedule.heldAtMost(host)
  const onEnd = (failure?: { readonly error: unknown }) => outcomes.end(failure)
  const window = new Window({ run, most, onEnd, ahead: options.ahead })
  window.start(images)
  try {
    yield* outcomes.values()
  } finally {
    stopped.abort()
    outcomes.end()
    await window.stop()
  }
}
