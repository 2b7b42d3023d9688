import { type Measurement, measure, median } from '../measure.js'
import { table } from '../table.js'

/** One command that does the work, beside others that do the same. */
export interface Contender {
  readonly name: string
  /** Makes the place where one run puts its outcome, and gives the command that fills it. */
  start(): Promise<Attempt>
}

export interface Attempt {
  readonly command: readonly string[]
  /** Throws where the outcome is not whole. */
  check(): Promise<void> | void
  end(): Promise<void> | void
}

export interface Compared {
  readonly name: string
  readonly runs: readonly Measurement[]
  readonly median: Measurement
}

/** Runs all of them in turn, round by round. Of `dist` every failure is thrown; others are left out, saying why. */
export async function compare(
  contenders: readonly Contender[],
  rounds: number,
  scratch: string,
  progress: (text: string) => void,
): Promise<Compared[]> {
  const runs = new Map(contenders.map(({ name }) => [name, [] as Measurement[]]))
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const mine = runs.get(contender.name)
      if (mine === undefined) continue
      try {
        const measured = await attempt(contender, scratch)
        mine.push(measured)
        progress(
          `  ${round}/${rounds}  ${contender.name.padEnd(24)} ${measured.wall.toFixed(2).padStart(6)} s`,
        )
      } catch (error) {
        if (contender.name.startsWith('dist')) throw error
        progress(`  left out: ${(error as Error).message}`)
        runs.delete(contender.name)
      }
    }
  }
  return [...runs].map(([name, all]) => ({ name, runs: all, median: median(all) }))
}

async function attempt(contender: Contender, scratch: string): Promise<Measurement> {
  const { command, check, end } = await contender.start()
  try {
    const measured = await measure(command, scratch)
    await check()
    return measured
  } finally {
    await end()
  }
}

/** A row for each, with the ratio of its wall time to that of the one named. */
export function comparedRows(title: string, compared: readonly Compared[], base: string): string[][] {
  const reference = compared.find(({ name }) => name === base)?.median.wall
  return compared.map(({ name, runs, median }, i) => [
    i === 0 ? title : '',
    name,
    median.wall.toFixed(2),
    Math.min(...runs.map(({ wall }) => wall)).toFixed(2),
    Math.max(...runs.map(({ wall }) => wall)).toFixed(2),
    reference === undefined ? '' : (median.wall / reference).toFixed(2),
    median.cpu.toFixed(2),
    (median.peak / 1e6).toFixed(0),
  ])
}

export function comparedTable(rows: readonly (readonly string[])[], base: string): string[] {
  return table([['what', 'tool', 'wall s', 'min', 'max', `to ${base}`, 'cpu s', 'peak MB'], ...rows], 2)
}
