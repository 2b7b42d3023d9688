/** One line of the table: what is measured, what it was before, and what it is to be. */
export interface Line {
  readonly title: string
  readonly unit: 's' | 's of processor' | 'ms of processor' | 'MB' | 'bytes' | 'commands' | 'times'
  readonly before?: number | undefined
  readonly goal: number
}

export const lines = {
  ontoFolder: {
    title: '500 images onto 50,000 names of a folder, embedded',
    unit: 's of processor',
    before: 22,
    goal: 0.8,
  },
  ontoQueue: { title: 'the same by a queue: coordinator', unit: 's of processor', before: 29, goal: 1 },
  first1: { title: 'first run, an image of 1,000', unit: 'ms of processor', before: 2.9, goal: 1.5 },
  first10: { title: 'an image of 10,000', unit: 'ms of processor', before: 7.9, goal: 1.5 },
  first50: { title: 'an image of 50,000', unit: 'ms of processor', before: 30, goal: 1.5 },
  flat: { title: 'the highest of the three to the lowest', unit: 'times', before: 10, goal: 1.15 },
  references: {
    title: '100,000 references embedded, nothing to do: peak memory',
    unit: 'MB',
    before: 835,
    goal: 250,
  },
  coordinator: {
    title: '500 images by a queue into a bucket: coordinator',
    unit: 's of processor',
    before: 8.9,
    goal: 2.5,
  },
  worker: { title: 'worker', unit: 's of processor', before: 5.2, goal: 2 },
  redis: { title: 'Redis', unit: 's of processor', before: 0.9, goal: 0.6 },
  queued: { title: 'until the command ends', unit: 's', before: 16.3, goal: 9 },
  queuedAgain: { title: 'again, nothing to do', unit: 's', before: 5.2, goal: 1.2 },
  one: { title: 'one unchanged image by a queue', unit: 's', before: 2.2, goal: 0.4 },
  commands: { title: 'Redis commands of an image, first run', unit: 'commands', before: 270, goal: 100 },
  waiting: { title: 'Redis memory of a waiting blob', unit: 'bytes', before: 2_000, goal: 1_200 },
  fresh: { title: '500 images embedded into a bucket', unit: 's', before: 12.8, goal: 8 },
  freshCpu: { title: 'its processor time', unit: 's of processor', before: 9.3, goal: 3 },
  again: { title: 'again, nothing to do', unit: 's', before: 3.9, goal: 0.8 },
  againCpu: { title: 'its processor time', unit: 's of processor', before: 3.3, goal: 0.5 },
} as const satisfies Readonly<Record<string, Line>>

export type LineId = keyof typeof lines

/** What was measured of some lines: the figures of all runs. */
export type Figures = Partial<Record<LineId, readonly number[]>>
