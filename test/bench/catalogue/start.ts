import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { cpuOf } from '../distributed/process.js'
import { repository } from '../workloads.js'
import { Catalogue, type Shape } from './catalogue.js'
import type { Distance } from './send.js'

/** A registry of a catalogue, in a separate process. */
export class CatalogueRegistry implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    readonly catalogue: Catalogue,
  ) {}

  /** Without `distance` it answers as fast as it can. */
  static async start(shape: Shape, distance?: Distance): Promise<CatalogueRegistry> {
    const program = fileURLToPath(new URL('program.ts', import.meta.url))
    const child = fork(program, [JSON.stringify({ shape, distance })], {
      execArgv: ['--import', 'tsx', '--conditions=source'],
    })
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return new CatalogueRegistry(child, port, new Catalogue(shape))
  }

  /** The references of images by their numbers, from `from` on and below `to`. */
  references(from: number, to: number, tag: 't' | 'same' = 't'): string[] {
    return Array.from(
      { length: to - from },
      (_, i) => `127.0.0.1:${this.port}/${repository}:${tag}${from + i}`,
    )
  }

  /** The requests that it has received. */
  async requests(): Promise<number> {
    const answer = once(this.child, 'message')
    this.child.send({})
    const [{ requests }] = (await answer) as [{ requests: number }]
    return requests
  }

  /** Seconds of processor time since its start. */
  cpu(): number {
    return cpuOf(this.child.pid ?? 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.disconnect()
    await ended
  }
}
