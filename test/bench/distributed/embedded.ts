import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Timed } from './cluster.js'
import { cpuOf } from './process.js'

interface Answer {
  readonly error?: string | undefined
}

/** The same pipeline without a queue, in a separate, warm process. */
export class Embedded implements AsyncDisposable {
  private constructor(private readonly child: ChildProcess) {}

  static async start(store: string, env: Readonly<Record<string, string>> = {}): Promise<Embedded> {
    const child = fork(fileURLToPath(new URL('pipeline.ts', import.meta.url)), [store], {
      execArgv: ['--import', 'tsx', '--conditions=source'],
      env: { ...process.env, ...env },
    })
    const embedded = new Embedded(child)
    await embedded.#answer()
    return embedded
  }

  async mirror(references: readonly string[]): Promise<Timed> {
    const pid = this.child.pid ?? 0
    const cpuBefore = cpuOf(pid)
    const started = performance.now()
    this.child.send(references)
    const { error } = await this.#answer()
    if (error !== undefined) throw new Error(error)
    return { wall: (performance.now() - started) / 1000, cpu: cpuOf(pid) - cpuBefore }
  }

  /** Ends with its channel, and so with this process too. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.disconnect()
    await ended
  }

  async #answer(): Promise<Answer> {
    const over = new AbortController()
    const { signal } = over
    const ended = once(this.child, 'exit', { signal }).then(() => {
      throw new Error('the pipeline ended')
    })
    try {
      const [answer] = (await Promise.race([once(this.child, 'message', { signal }), ended])) as [Answer]
      return answer
    } finally {
      over.abort()
    }
  }
}
