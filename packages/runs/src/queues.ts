import type { QueueName } from './obstacle.js'

export interface QueueStatus {
  readonly name: QueueName
  readonly paused: boolean
  /** `blocked`: jobs that wait for other jobs. */
  readonly jobs: Readonly<Record<'waiting' | 'active' | 'delayed' | 'blocked' | 'failed', number>>
}

/** The queues that carry the work of runs. */
export interface QueueControl {
  /** In the order of the work. */
  list(): Promise<QueueStatus[]>
  /** No job of the queue starts until it is resumed. Jobs under way go on. */
  pause(name: QueueName): Promise<void>
  resume(name: QueueName): Promise<void>
  /**
   * Has jobs that wait for a host go on now: to be called when its pause was ended. Resolves to their number, at most 10,000 at a
   * time.
   */
  release(host: string): Promise<number>
}
