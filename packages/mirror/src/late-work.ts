import type { WorkFor } from './each-image.js'
import type { Work } from './schedule.js'
import { type ImageTask, nameOf } from './task.js'

/**
 * Work that is made when its turn comes, and dropped at its end. Many images wait for a turn, for so long that what they hold
 * counts as old memory, which is collected rarely.
 */
export class LateWork<Outcome> implements Work {
  #work: WorkFor<Outcome> | undefined

  constructor(
    private readonly task: ImageTask,
    private readonly make: (task: ImageTask) => WorkFor<Outcome>,
  ) {}

  get name(): string {
    return nameOf(this.task)
  }

  attempt(onAnswered: () => void): Promise<void> {
    return this.#made().attempt(onAnswered)
  }

  delayed(error: unknown, until: number): void {
    this.#made().delayed(error, until)
  }

  /** Called after the last attempt. Returns the outcome. */
  end(failed?: { readonly error: unknown }): Outcome {
    const outcome = this.#made().outcome(failed)
    this.#work = undefined
    return outcome
  }

  #made(): WorkFor<Outcome> {
    this.#work ??= this.make(this.task)
    return this.#work
  }
}
