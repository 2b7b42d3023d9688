import type { Timing } from '@dist/schedule'
import type { SourcesText } from './request.js'
import type { ReportedError, RunState } from './runs.js'

/** An entry of a mirror file that is mirrored by itself. */
export interface ScheduleRequest {
  /** The name of the entry. */
  readonly name: string
  readonly timing: Timing
  /** A mirror file that has this entry alone. */
  readonly sources: SourcesText
}

/** The schedules of a mirror file. */
export interface ScheduledFile {
  /** The name of the file, else its path. */
  readonly file: string
  /** The path of a file with a name: it is the same file that was applied before it had one. */
  readonly path?: string | undefined
  readonly requests: readonly ScheduleRequest[]
  /** It also gets schedules that another mirror file has. Default: false. */
  readonly force?: boolean | undefined
}

/** What `Schedules.apply` did, by the names of schedules. */
export interface AppliedSchedules {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly unchanged: readonly string[]
  readonly removed: readonly string[]
}

export interface ScheduleStatus {
  readonly name: string
  /** The mirror file that it is of; for the collections of garbage what their settings are. */
  readonly file: string
  readonly timing: Timing
  readonly paused: boolean
  /** When it starts a run next. Undefined while it is paused. In the past: no coordinator has started it yet. */
  readonly next?: Date | undefined
  /** The last run that it started. */
  readonly run?: ScheduledRun | undefined
  /** Starts since then that were left out, because the run was going. */
  readonly skipped: number
  /** Why the last start failed. */
  readonly error?: ReportedError | undefined
}

export interface ScheduledRun {
  readonly id: string
  readonly startedAt: Date
  /** Undefined: the queue has the run no more. */
  readonly state?: RunState | undefined
}

/** The last result of a mirror of a mirror file, whatever has started its run. */
export interface MirrorResult {
  /** The name of the entry. */
  readonly name: string
  /** Of the whole mirror: a run with failed images of other mirrors has still done this one. */
  readonly state: Exclude<RunState, 'running' | 'lost'>
  /** The queue may have it no more. */
  readonly run: string
  readonly endedAt: Date
  /** Undefined: it has not succeeded yet. */
  readonly succeededAt?: Date | undefined
}

/**
 * Starts runs by themselves. All clients of a queue see the same schedules. A run that is still going is not started a
 * second time. What was missed while no coordinator was there is made up for once.
 */
export interface Schedules {
  /**
   * Has a file the given schedules: adds and changes them, and removes those that an earlier version of the file had. A
   * schedule that is the same is not touched. `ALREADY_EXISTS`, without a change, for a name that another file has, unless
   * `force` is given; `INVALID_ARGUMENT` for sources that are not valid.
   */
  apply(file: ScheduledFile): Promise<AppliedSchedules>
  /** By name. */
  list(): Promise<ScheduleStatus[]>
  /**
   * The last results of named mirrors, by name: of those with a schedule, and of those that ended within 90 days. Two mirrors of
   * one name are one.
   */
  results(): Promise<MirrorResult[]>
  /**
   * Starts a run now, also if the schedule is paused; its times stay. Resolves to the id of the run. `NOT_FOUND`; `IN_USE`
   * while its last run is going.
   */
  run(name: string): Promise<string>
  /** It starts no run until it is resumed. Runs that it has started go on. `NOT_FOUND`. */
  pause(name: string): Promise<void>
  /** It starts runs again from the next time on. `NOT_FOUND`. */
  resume(name: string): Promise<void>
  /** Runs that it has started go on. `NOT_FOUND`. */
  remove(name: string): Promise<void>
}
