/** What the user asks of a benchmark. */
export interface BenchOptions {
  /** Overrides the benchmark's own number of runs. */
  readonly runs?: number | undefined
  /** Smaller and fewer, to see that it works: the figures mean nothing. */
  readonly quick: boolean
  /** A folder for what is needed meanwhile. */
  readonly scratch: string
  readonly progress: (text: string) => void
}

/** A benchmark's outcome: for a reader, and for programs. */
export interface BenchReport {
  readonly markdown: readonly string[]
  readonly json: object
}

export interface Bench {
  readonly name: string
  readonly title: string
  run(options: BenchOptions): Promise<BenchReport>
}
