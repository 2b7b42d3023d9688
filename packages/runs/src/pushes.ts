/** What has been pushed to a registry, by the names that references have. */
export interface PushedImage {
  readonly host: string
  readonly repository: string
  readonly tag: string
}

/** A run that a push has started. */
export interface PushedRun {
  readonly schedule: string
  readonly run: string
}

/**
 * Starts schedules because something was pushed. All pushes while the run of a schedule goes lead to one more run of it after
 * that: what comes after it began may not be in it.
 */
export interface Pushes {
  /** Marks the schedules that may take the image, without those that are paused. Resolves to their names. */
  note(image: PushedImage): Promise<string[]>
  /**
   * Starts the marked schedules whose last run does not go any more. `waiting`: those that are still marked, because their run
   * goes, or because something was pushed meanwhile.
   */
  start(): Promise<{ readonly started: readonly PushedRun[]; readonly waiting: readonly string[] }>
}
