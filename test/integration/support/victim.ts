import type { Locker } from '@dist/locks'
import type { Redis } from 'ioredis'
import type { QueueWorld } from './queue-world.js'

type Args = readonly unknown[]

/**
 * The connections of a service that a test kills. After its death no command reaches Redis, and no connection is closed
 * in order: as with kill -9.
 */
export class Victim {
  readonly #connections: Redis[] = []
  /** Resolves at its death. */
  readonly died: Promise<void>
  #dead = false
  #tell: () => void = () => {}
  #dooms: (args: Args) => boolean = () => false
  #loses: string | undefined

  constructor(private readonly world: QueueWorld) {
    this.died = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  readonly connect = (): Redis => this.#track(this.world.connect())

  /** Dies instead of sending the first command whose arguments match. */
  dieWhen(dooms: (args: Args) => boolean): this {
    this.#dooms = dooms
    return this
  }

  /** Never renews the locks of its jobs in a queue, and does not notice: as a stopped process. */
  neverRenewing(queue: string): this {
    this.#loses = `{dist}:${queue}:stalled`
    return this
  }

  /** Dies now. Calls in progress never end. */
  die(): Promise<never> {
    if (!this.#dead) for (const connection of this.#connections) connection.disconnect()
    this.#dead = true
    this.#tell()
    return new Promise(() => {})
  }

  #track(redis: Redis): Redis {
    this.#connections.push(redis)
    const duplicate = redis.duplicate.bind(redis)
    redis.duplicate = (...options) => this.#track(duplicate(...options))
    const send = redis.sendCommand.bind(redis)
    redis.sendCommand = (command, stream) => {
      const { args } = command as unknown as { args: Args }
      if (this.#dead || this.#dooms(args)) return this.die()
      // The script that renews locks has this key alone.
      if (this.#loses !== undefined && args[1] === '1' && args[2] === this.#loses) return Promise.resolve([])
      return send(command, stream)
    }
    return redis
  }
}

/** Locks that exclude no other holder: correctness must not depend on locks. */
export const noLocker: Locker = {
  acquire: async (key) => {
    const release = async () => {}
    return { key, signal: new AbortController().signal, release, [Symbol.asyncDispose]: release }
  },
}
