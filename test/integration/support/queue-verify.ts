import { type ContentState, verifyBlob } from '@dist/mirror'
import type { WorkerParts } from '@dist/queue'
import type { Runs, Service } from '@dist/runs'
import type { FixtureImage } from '@dist/testkit/fixtures'
import { expect } from 'vitest'
import type { QueueWorld } from './queue-world.js'

/** The name of a stored image. */
export const name = (i: number) => `registry.test/a:${i}`

export const right: ContentState = { state: 'right', size: 1 }

/** Verifications of the store of a world, with the reads of their workers. */
export class Verifying {
  /** The digests that were read, in order. */
  readonly reads: string[] = []
  /** By digest, the states that reads find instead of the stored content, one for each read; the last one stays. */
  readonly found = new Map<string, ContentState[]>()

  constructor(readonly world: QueueWorld) {}

  readonly verify: WorkerParts['verify'] = async (wanted, options) => {
    this.reads.push(wanted.digest)
    const scripted = this.found.get(wanted.digest)
    const verdict = scripted === undefined || scripted.length === 1 ? scripted?.[0] : scripted.shift()
    return verdict ?? verifyBlob(wanted, this.world.content, options)
  }

  worker(parts: Partial<WorkerParts> = {}): Promise<Service> {
    return this.world.worker({ verify: this.verify, ...parts })
  }

  /** Puts images into the store, as `name(0)`, `name(1)`… */
  async store(...images: FixtureImage[]): Promise<void> {
    const { world } = this
    const services = await Promise.all([world.coordinator(), world.worker()])
    for (const [i, image] of images.entries()) world.remote.push(image, name(i))
    const { runs, run } = await world.submit(...images.map((_, i) => name(i)))
    expect(await world.ended(runs, run)).toMatchObject({ state: 'done' })
    await Promise.all(services.map((service) => service.stop()))
    world.events.length = 0
  }

  /** Without references: verifies all that the store has. */
  async submit(...references: string[]): Promise<{ runs: Runs; run: string }> {
    const runs = this.world.runs()
    return { runs, run: await runs.submit({ kind: 'verify', references, platforms: 'all' }) }
  }
}

/** A promise that another party resolves. */
export function latch() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}
