import type { Redis } from 'ioredis'
import type { QueueWorld } from './queue-world.js'

interface Sent {
  readonly name: string
  readonly args: readonly unknown[]
}

/**
 * The connections of a service that dies: from one moment on nothing that it does reaches Redis any more, and
 * nobody says farewell, as with kill -9.
 */
export class Victim {
  readonly #connections: Redis[] = []
  readonly died: Promise<void>
  #dead = false
  #tell: () => void = () => {}
  #doom: (sent: Sent) => boolean = () => false

  constructor(private readonly world: QueueWorld) {
    this.died = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  readonly connect = (): Redis => this.#track(this.world.connect())

  /** Dies instead of sending the first command that a script is run with and that has this key. */
  dieBefore(key: string): this {
    this.#doom = ({ name, args }) => name.startsWith('eval') && args.includes(key)
    return this
  }

  /** Dies now. What it was doing never goes on. */
  die(): Promise<never> {
    this.#dead = true
    for (const connection of this.#connections) connection.disconnect()
    this.#tell()
    return new Promise(() => {})
  }

  #track(redis: Redis): Redis {
    this.#connections.push(redis)
    const duplicate = redis.duplicate.bind(redis)
    redis.duplicate = (...options) => this.#track(duplicate(...options))
    const send = redis.sendCommand.bind(redis)
    redis.sendCommand = (command, stream) => {
      if (this.#dead || this.#doom(command as unknown as Sent)) return this.die()
      return send(command, stream)
    }
    return redis
  }
}
