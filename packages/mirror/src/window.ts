import { setImmediate } from 'node:timers/promises'
import type { Reference } from '@dist/reference'
import { Backlog } from './backlog.js'
import { type ImageTask, taskOf } from './task.js'

/** An image and its place in the input, from 0. */
export interface Entry {
  readonly task: ImageTask
  readonly index: number
}

export interface WindowParts {
  /** Does all work for an image. */
  readonly run: (entry: Entry) => Promise<void>
  /** Called once, when all images have ended. `failure`: the input broke off, or a run threw. */
  readonly onEnd: (failure?: { readonly error: unknown }) => void
  /** The images of a host that may have begun and not ended at this time. */
  readonly most: (host: string) => number
  /** Images that are read and wait for their turn. Default: 100,000. */
  readonly ahead?: number | undefined
}

/** What a window reads. */
export type Images = Iterable<Reference | ImageTask> | AsyncIterable<Reference | ImageTask>

interface Host {
  readonly name: string
  readonly backlog: Backlog<Entry>
  /** Images that have begun and not ended. */
  begun: number
}

/** Of an image that waits only its task is kept. */
const defaultAhead = 100_000

/** Images that are read without a pause for other work of the process. */
const readTogether = 1_000

/**
 * Reads images as a stream, and begins a bounded number of each host. It reads far ahead, so that all hosts
 * have work in whatever order their images come, and a host whose images wait does not hold up the others.
 */
export class Window {
  readonly #ahead: number
  readonly #hosts = new Map<string, Host>()
  #waiting = 0
  #begun = 0
  #isRead = false
  #isStopped = false
  #failure: { readonly error: unknown } | undefined
  #onRoom = () => {}
  #onIdle = () => {}

  constructor(private readonly parts: WindowParts) {
    this.#ahead = parts.ahead ?? defaultAhead
  }

  /** Starts to read. */
  start(images: Images): void {
    const fail = (error: unknown) => this.#fail(error)
    void this.#read(images)
      .catch(fail)
      .then(() => {
        this.#isRead = true
        this.#check()
      })
  }

  /** Begins no further image. Resolves when all images that have begun have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#onRoom()
    if (this.#begun === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  async #read(images: Images): Promise<void> {
    let index = 0
    for await (const image of images) {
      if (this.#isStopped) return
      this.#add({ task: taskOf(image), index: index++ })
      if (index % readTogether === 0) await setImmediate()
      if (this.#waiting >= this.#ahead) await this.#room()
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  #add(entry: Entry): void {
    const name = entry.task.reference.host
    const host = this.#hosts.get(name) ?? { name, backlog: new Backlog<Entry>(), begun: 0 }
    this.#hosts.set(name, host)
    host.backlog.add(entry)
    this.#waiting++
    this.#begin(host)
  }

  #begin(host: Host): void {
    const most = this.parts.most(host.name)
    while (host.begun < most && !this.#isStopped) {
      const entry = host.backlog.next()
      if (entry === undefined) return
      this.#waiting--
      void this.#run(host, entry)
    }
  }

  async #run(host: Host, entry: Entry): Promise<void> {
    host.begun++
    this.#begun++
    try {
      await this.parts.run(entry)
    } catch (error) {
      this.#fail(error)
    }
    host.begun--
    this.#begun--
    this.#begin(host)
    if (this.#waiting < this.#ahead) this.#onRoom()
    this.#check()
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
  }

  #check(): void {
    if (this.#begun > 0) return
    this.#onIdle()
    if (this.#isRead && this.#waiting === 0) this.parts.onEnd(this.#failure)
  }
}
